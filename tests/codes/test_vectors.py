"""The published vectors, as a vendor would run them: by the format alone, and by other implementations of its parts."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from tests.codes import independent

VECTORS: dict[str, Any] = msgspec.json.decode((Path(__file__).parents[2] / "docs/vectors/codes.json").read_bytes())
KEYS = {bytes.fromhex(each["kid"]): each for each in VECTORS["keys"]}
PUBLIC = {kid: bytes.fromhex(each["public"]) for kid, each in KEYS.items()}
HELD_BACK = {"wrong_purpose", "revoked", "key_retired"}  # what key set and list say of codes that hold by themselves


@pytest.mark.case("QR-14")
@pytest.mark.parametrize("vector", VECTORS["pass_codes"], ids=lambda each: str(each["name"]))
def test_a_verifier_written_from_the_format_alone_agrees(vector: dict[str, Any]) -> None:
    found = independent.accepted(vector["text"], PUBLIC, vector["now"])
    if vector["result"] == "ok":
        assert found is not None
        assert (found[0].hex(), found[2].hex()) == (vector["subject"], vector["code_id"])
    elif vector["name"] != "under another key's id":
        assert (found is not None) == (vector["result"] in HELD_BACK)


@pytest.mark.case("QR-14")
@pytest.mark.parametrize("vector", VECTORS["phone_codes"], ids=lambda each: str(each["name"]))
def test_a_verifier_of_phones_codes_written_from_the_format_alone_agrees(vector: dict[str, Any]) -> None:
    found = independent.accepted_of_phone(vector["text"], PUBLIC, vector["now"])
    if vector["result"] == "ok":
        assert found is not None
        assert (found[0].hex(), found[2].hex()) == (vector["subject"], vector["code_id"])
    else:
        assert (found is not None) == (vector["result"] in HELD_BACK)


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
    reasons = {each["result"] for each in VECTORS["pass_codes"]}
    assert reasons == {
        *("ok", "not_a_code", "malformed", "unknown_key", "wrong_purpose", "key_retired", "bad_signature"),
        *("too_early", "expired", "revoked"),
    }
    assert {each["result"] for each in VECTORS["phone_codes"]} == reasons
    assert {each["result"] for each in VECTORS["place_codes"]} == {"valid", "retired", "tampered"}


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
