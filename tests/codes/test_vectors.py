"""The published vectors, as a vendor would run them: by the format alone, and by other implementations of its parts."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from flows.codes.device_auth import Door, verifier_of
from flows.codes.errors import DeviceRefusedError
from flows.codes.message_signatures import SignedRequest
from flows.codes.refusals import Refusal
from flows.codes.tables import CodeVerifier
from kernel.clock import ManualClock
from kernel.database import Database
from tests.codes import independent, independent_places
from tests.codes.independent import Gate, Key, Refused
from tests.codes.issued import NOW

VECTORS: dict[str, Any] = msgspec.json.decode((Path(__file__).parents[2] / "docs/vectors/codes.json").read_bytes())
KEYS = {bytes.fromhex(each["kid"]): each for each in VECTORS["keys"]}
PUBLIC = {kid: bytes.fromhex(each["public"]) for kid, each in KEYS.items()}
SERVERS_OWN = {Refusal.UNKNOWN, Refusal.TOO_FAR}  # of opaque codes, which a server alone can judge


def vectors(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[section], ids=lambda each: str(each["name"]))


def gate(now: int) -> Gate:
    """A gate that was installed with the key of lists, has fetched both, and knows the time."""
    installed = {kid: Key("lists", PUBLIC[kid]) for kid, each in KEYS.items() if each["purpose"] == "lists"}
    made = Gate(installed)
    made.take_keys(bytes.fromhex(VECTORS["key_set"]), now)
    made.take_list(bytes.fromhex(VECTORS["revocation_list"]), now)
    made.clock = 0, now
    return made


def result(judge: Callable[..., object], *asked: object) -> str:
    try:
        judge(*asked)
    except Refused as error:
        return str(error)
    return "ok"


@pytest.mark.case("QR-14")
@vectors("pass_codes")
def test_a_gate_written_from_the_page_alone_agrees(vector: dict[str, Any]) -> None:
    asked = vector["text"], vector["purpose"], vector["now"]
    assert result(gate(vector["now"]).judge, *asked) == vector["result"]
    if vector["result"] == "ok":
        found = gate(vector["now"]).judge(*asked)
        assert (found.subject.hex(), found.code_id.hex()) == (vector["subject"], vector["code_id"])


@pytest.mark.case("QR-14")
@vectors("phone_codes")
def test_a_gate_written_from_the_page_alone_agrees_on_phones(vector: dict[str, Any]) -> None:
    test_a_gate_written_from_the_page_alone_agrees(vector)


@pytest.mark.case("QR-14")
@vectors("receipts")
def test_a_gate_written_from_the_page_alone_agrees_on_receipts(vector: dict[str, Any]) -> None:
    lot = UUID(vector["lot"]).bytes
    assert result(gate(vector["now"]).receipt, vector["text"], lot, vector["now"]) == vector["result"]
    if vector["result"] == "ok":
        found = gate(vector["now"]).receipt(vector["text"], lot, vector["now"])
        plate = hashlib.sha256(b"plate:" + lot + vector["plate"].encode()).digest()[:16]
        assert found.hex() == plate.hex() == vector["plate_hash"]


@pytest.mark.case("QR-14")
@vectors("states")
def test_a_gate_written_from_the_page_alone_knows_when_it_may_not_judge(vector: dict[str, Any]) -> None:
    one = gate(vector["now"])
    one.revoked, one.listed = None, (0, 0)
    if vector["list"] is not None:
        one.take_list(bytes.fromhex(vector["list"]), vector["now"])
    one.clock = (vector["clock"]["error"], vector["clock"]["compared_at"]) if vector["clock"] else None
    assert result(one.judge, vector["text"], vector["purpose"], vector["now"], vector["risk"]) == vector["result"]


@pytest.mark.case("QR-14")
@vectors("sequences")
def test_a_gate_written_from_the_page_alone_lets_a_code_through_once(vector: dict[str, Any]) -> None:
    one, steps = gate(vector["steps"][0]["now"]), vector["steps"]
    for each in steps:
        asked = each["text"], "parking", each["now"], (each["gate"], each["request_id"])
        assert result(one.use, *asked) == each["result"]


@pytest.mark.case("QR-14")
@vectors("key_sets")
def test_a_gate_written_from_the_page_alone_believes_the_same_key_sets(vector: dict[str, Any]) -> None:
    one = gate(vector["now"])
    one.version = vector["held_version"]
    assert result(one.take_keys, bytes.fromhex(vector["list"]), vector["now"]) in SAID[vector["result"]]


@pytest.mark.case("QR-14")
@vectors("revocation_lists")
def test_a_gate_written_from_the_page_alone_believes_the_same_lists(vector: dict[str, Any]) -> None:
    one, held = gate(vector["now"]), vector["held"]
    one.listed = (held["version"], held["issued_at"]) if held else (0, 0)
    assert result(one.take_list, bytes.fromhex(vector["list"]), vector["now"]) in SAID[vector["result"]]


SAID = {"taken": {"ok"}, "refused": {"malformed", "bad_signature", "another key", "older"}}


@vectors("place_codes")
def test_who_reads_place_codes_by_the_page_alone_agrees(vector: dict[str, Any]) -> None:
    keys = {each["kid"]: each for each in VECTORS["place_keys"]}
    found = independent_places.answer(vector["text"], keys, "https://q.example.gov.cn")
    assert found == (vector["result"], vector.get("kind"))


async def test_the_platform_takes_and_refuses_devices_requests_as_published(
    database: Database, door: Door, clock: ManualClock
) -> None:
    secret = VECTORS["device_signature"]["secret"]
    named = VECTORS["device_signature"]["headers"]["signature-input"]
    verifier_id = UUID(named.partition('keyid="')[2][:36])
    row = CodeVerifier(
        id=verifier_id,
        name_zh="门",
        name_en="Gate",
        purposes=["parking"],
        verifier_group="parking",
        secret=door.cipher.seal("code_verifier.secret", verifier_id, secret),
        registered_at=NOW,
    )
    async with database.session() as session:
        session.add(row)
    for vector in VECTORS["device_requests"]:
        sent, url = vector["request"], urlsplit(vector["request"]["url"])
        target = url.path + (f"?{url.query}" if url.query else "")
        request = SignedRequest(sent["method"], url.netloc, target, vector["headers"], sent["body"].encode())
        clock.advance(datetime.fromtimestamp(vector["now"], UTC) - clock.now())
        try:
            async with database.session() as session:
                found = "taken" if (await verifier_of(session, door, request)).id == verifier_id else "another's"
        except DeviceRefusedError:
            found = "refused"
        assert (vector["name"], found) == (vector["name"], vector["result"])


def test_whoever_builds_a_phones_app_finds_what_it_signs() -> None:
    phone, good = VECTORS["phone"], VECTORS["phone_codes"][0]
    public = bytes.fromhex(phone["public"])
    raw = independent.unbase45(good["text"].removeprefix("SC2:"))
    assert (raw[:119].hex(), good["device"], raw[22:55]) == (phone["credential"], phone["public"], public)
    independent.verify_es256(public, raw[123:], bytes.fromhex(phone["signed_by_phone"]))
    to_bind = cbor2.dumps(["Signature1", cbor2.dumps({1: -7}), b"SC2-BIND", bytes.fromhex(phone["challenge"])])
    assert phone["signed_to_bind"] == to_bind.hex()
    independent.verify_es256(public, bytes.fromhex(phone["proof"]), to_bind)
    own = derive_private_key(int(phone["private"], 16), SECP256R1()).public_key()
    assert own.public_bytes(Encoding.X962, PublicFormat.CompressedPoint) == public


def test_every_reason_to_refuse_has_a_vector() -> None:
    steps = [step for each in VECTORS["sequences"] for step in each["steps"]]
    judged = ("pass_codes", "phone_codes", "receipts", "states")
    found = {each["result"] for each in [*steps, *(each for name in judged for each in VECTORS[name])]}
    assert found == {"ok", *Refusal} - SERVERS_OWN
    by_itself = found - {"online_only", "list_too_old", "replay"}
    for name, missing in (("pass_codes", set()), ("phone_codes", set()), ("receipts", {"too_early", "revoked"})):
        assert {each["result"] for each in VECTORS[name]} == by_itself - missing
    for name in ("key_sets", "revocation_lists", "device_requests"):
        assert {each["result"] for each in VECTORS[name]} == {"taken", "refused"}
    for scene in (False, True):
        places = [each for each in VECTORS["place_codes"] if ("scene" in each["name"]) == scene]
        assert {each["result"] for each in places} == {"valid", "retired", "tampered"}


def test_no_vector_is_there_twice() -> None:
    for name, section in VECTORS.items():
        if isinstance(section, list) and "name" in section[0]:
            assert len({each["name"] for each in section}) == len(section), name


@pytest.mark.parametrize(("name", "aad"), [("key_set", b"SC1-KEYS"), ("revocation_list", b"SC1-REVOKED")])
def test_lists_are_plain_cose(name: str, aad: bytes) -> None:
    read = Sign1Message.from_cose_obj(cbor2.loads(bytes.fromhex(VECTORS[name])), allow_unknown_attributes=False)
    kid = cbor2.loads(bytes.fromhex(VECTORS[name]))[1][4]
    assert KEYS[kid]["purpose"] == "lists"
    read.key = OKPKey(crv="ED25519", x=PUBLIC[kid])
    read.external_aad = aad  # type: ignore[misc]  # their setter is not typed
    assert read.verify_signature()
    said = cbor2.loads(read.payload or b"")
    if name == "revocation_list":
        assert said["revoked"].hex() == "".join(VECTORS["revoked"])
        assert hashlib.sha256(b"key:" + bytes([6, 1])).digest()[:8].hex() in VECTORS["revoked"]
    else:
        assert {each["key"][2]: each["key"][-2] for each in said["keys"]} == PUBLIC


def test_the_example_of_a_devices_signature_is_what_the_page_says() -> None:
    example = VECTORS["device_signature"]
    headers, body = example["headers"], example["request"]["body"].encode()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert headers["content-digest"] == f"sha-256=:{digest}:"
    base = (
        '"@method": POST\n"@authority": city.example.gov.cn\n"@path": /codes/check\n"@query": ?\n'
        f'"content-digest": sha-256=:{digest}:\n'
        f'"@signature-params": {headers["signature-input"].removeprefix("device=")}'
    )
    mac = base64.b64encode(hmac.digest(example["secret"].encode(), base.encode(), "sha256")).decode()
    assert headers["signature"] == f"device=:{mac}:"
    page = (Path(__file__).parents[2] / "docs/codes.md").read_text()
    assert base in page
    assert all(value in page for value in (*headers.values(), example["secret"]))
