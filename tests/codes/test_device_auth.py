"""Devices sign their requests: by one profile of RFC 9421, each request once."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HMAC_SHA256
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from flows.codes import verifiers
from flows.codes.device_auth import Door, verifier_of
from flows.codes.errors import CodesUnavailableError, DeviceRefusedError, VerifierRefusedError
from flows.codes.message_signatures import COVERED, SignedRequest, check, sign, stated
from flows.codes.tables import CodeVerifier
from kernel.clock import ManualClock
from kernel.database import Database
from kernel.settings import Settings
from tests.codes.issued import NOW

SECRET = b"kept by the device"
BODY = b'{"code":"SC1:"}'


def request(headers: dict[str, str] | None = None, **other: Any) -> SignedRequest:
    """A request as it arrives, as the device has signed it unless headers are given."""
    plain = SignedRequest("POST", "api.example", "/codes/check?a=b", {}, BODY)
    return msgspec.structs.replace(plain, headers=headers or sign(plain, SECRET, "k", NOW, "nonce-1234"), **other)


class Resolver(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> bytes:  # noqa: ARG002 - there is one
        return SECRET

    def resolve_public_key(self, key_id: str) -> bytes:  # noqa: ARG002 - there is one
        return SECRET


def signed_by_another_implementation(target: str, body: bytes) -> dict[str, str]:
    message = SimpleNamespace(method="POST", url=f"https://api.example{target}", headers={})
    signer = HTTPMessageSigner(signature_algorithm=HMAC_SHA256, key_resolver=Resolver())
    more: dict[str, Any] = {"nonce": "nonce-1234", "label": "any", "covered_component_ids": COVERED, "body": body}
    signer.sign(message, key_id="k", created=NOW, **more)
    return {name.lower(): value for name, value in message.headers.items()}


@pytest.mark.parametrize("target", ["/codes/check?a=b", "/codes/check", "/codes/check?", "/codes/check?a=%20+b&a"])
def test_what_another_implementation_signs_is_taken(target: str) -> None:
    found = stated(request(signed_by_another_implementation(target, BODY), target=target))
    check(found, SECRET)
    assert (found.key_id, found.created, found.nonce) == ("k", NOW, "nonce-1234")


def test_nothing_of_a_request_may_change() -> None:
    check(stated(request()), SECRET)
    good = dict(request().headers)
    given = good["signature-input"]
    changed = [
        request(method="PUT"),
        request(authority="other.example"),
        request(target="/codes/check?a=c"),
        request(target="/codes/uses?a=b"),
        request(body=BODY + b" "),
        request({**good, "signature": good["signature"].replace("=:", "=:AA")}),
        *(request({**good, "signature-input": given.replace(*pair)}) for pair in _BENT),
        *(request({name: value for name, value in good.items() if name != gone}) for gone in good),
        request(
            {**good, "signature-input": good["signature-input"] + ", " + good["signature-input"].replace("device", "b")}
        ),
        request({**good, "content-digest": good["content-digest"].replace("sha-256", "sha-512")}),
        request(dict.fromkeys(good, "x: \x00ß")),
    ]
    for each in changed:
        with pytest.raises(DeviceRefusedError):
            check(stated(each), SECRET)
    with pytest.raises(DeviceRefusedError):
        check(stated(request()), SECRET + b"!")


_BENT = [
    ("hmac-sha256", "ed25519"),
    (';alg="hmac-sha256"', ""),
    ('"@query" ', ""),
    (' "content-digest"', ""),
    ('"@method"', '"@method";req'),
    (";created=", ";created=1"),
    (";created=", ";expires="),
    ("nonce-1234", "short"),
    ("nonce-1234", "nonce-1235"),
    (";nonce", ";tag"),
    ('"@method"', "method"),
    ('"content-digest"', "content-digest"),
    *(('"@method"', item) for item in ("1", "1.5", "?1", ":YQ==:", "@1659578233", '%"f%c3%bc"')),
]
_ITEMS = st.sampled_from([item for _, item in _BENT[-8:]])


@given(st.lists(_ITEMS).map(lambda items: f"sig=({' '.join(items)});created=1") | st.text())
def test_whatever_a_signature_says_has_an_answer(said: str) -> None:
    for headers in ({"signature-input": said}, {**request().headers, "signature": said}):
        with pytest.raises(DeviceRefusedError):
            check(stated(request(headers)), SECRET)


@pytest.fixture
async def gate(database: Database, door: Door) -> tuple[UUID, bytes]:
    row = CodeVerifier(
        name_zh="一号入口",
        name_en="Gate 1",
        purposes=["parking"],
        verifier_group="parking",
        secret=b"",
        registered_at=NOW,
    )
    async with database.session() as session:
        secret = await verifiers.register(session, door.clock, door.cipher, row)
    return row.id, secret.encode()


async def test_a_request_is_taken_once_and_in_time(
    database: Database, door: Door, clock: ManualClock, gate: tuple[UUID, bytes]
) -> None:
    plain = SignedRequest("GET", "api.example", "/codes/keys", {}, b"")

    async def asks(nonce: str, after: int = 0, secret: bytes = gate[1], who: object = gate[0]) -> UUID:
        headers = sign(plain, secret, str(who), clock.now() - timedelta(seconds=after), nonce)
        async with database.session() as session:
            return (await verifier_of(session, door, msgspec.structs.replace(plain, headers=headers))).id

    assert await asks("first-one") == gate[0]
    refusals: list[dict[str, Any]] = [
        {"nonce": "first-one"},
        {"nonce": "too-late-1", "after": 301},
        {"nonce": "too-early", "after": -301},
        {"nonce": "stranger-", "secret": b"guessed"},
        {"nonce": "nobody---", "who": UUID(int=1)},
        {"nonce": "nobody---", "who": "gate"},
    ]
    for refused in refusals:
        with pytest.raises(DeviceRefusedError):
            await asks(**refused)
    assert await asks("in-time-1", 300) == gate[0]
    async with database.session() as session:
        await verifiers.revoke(session, clock, gate[0])
    with pytest.raises(DeviceRefusedError, match="revoked"):
        await asks("afterwards")


async def test_without_redis_nobody_is_let_in(
    settings: Settings, database: Database, door: Door, gate: tuple[UUID, bytes]
) -> None:
    plain = SignedRequest("GET", "api.example", "/codes/keys", {}, b"")
    signed = msgspec.structs.replace(plain, headers=sign(plain, gate[1], str(gate[0]), NOW, "nonce-1234"))
    async with Redis.from_url("redis://127.0.0.1:1") as away, database.session() as session:
        with pytest.raises(CodesUnavailableError):
            await verifier_of(session, msgspec.structs.replace(door, redis=away), signed)


async def test_a_licence_is_made_of_what_there_is(database: Database, door: Door) -> None:
    good = {"name_zh": "窗", "name_en": "W", "verifier_group": "hall", "secret": b"", "registered_at": NOW}
    cases: list[dict[str, Any]] = [
        {"purposes": []},
        {"purposes": ["x"]},
        {"claims": ["id_number"]},
        {"verifier_group": "A b"},
        {"latitude": 1.0},
    ]
    for wrong in cases:
        fields: dict[str, Any] = {"purposes": ["identity"], **good, **wrong}
        row = CodeVerifier(**fields)
        async with database.session() as session:
            with pytest.raises(VerifierRefusedError):
                await verifiers.register(session, door.clock, door.cipher, row)
