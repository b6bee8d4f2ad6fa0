"""``/codes``: as a gate's box asks it over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from auth.accounts.accounts import freeze
from flows.codes import key_sets, revocations, signed_codes
from flows.codes.issuing import Wanted, issue
from flows.codes.key_sets import LISTS
from flows.codes.keys import replace_compromised
from flows.codes.message_signatures import SignedRequest, sign
from flows.codes.revoking import revoke
from gateway.app import Gateway
from kernel.clock import ManualClock
from kernel.crypto.keys import Keys
from kernel.settings import Settings
from tests.codes.issued import NOW, PHONE
from tests.codes.office import Office


class Box:
    """A gate's box: signs what it asks."""

    def __init__(self, client: httpx.AsyncClient, clock: ManualClock, verifier_id: UUID, secret: str) -> None:
        self._client = client
        self._clock = clock
        self._verifier_id = verifier_id
        self._secret = secret.encode()

    async def ask(self, method: str, path: str, said: Any = None, **headers: str) -> httpx.Response:
        body = b"" if said is None else msgspec.json.encode(said)
        request = SignedRequest(method, "city.example", path, {}, body)
        signed = sign(request, self._secret, str(self._verifier_id), self._clock.now(), uuid4().hex)
        return await self._client.request(method, path, content=body, headers=signed | headers)


@pytest.fixture
async def gateway(settings: Settings, keys: Keys, clock: ManualClock) -> AsyncIterator[Gateway]:
    gateway = Gateway(settings, clock=clock)
    async with gateway.running():
        yield gateway


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="https://city.example") as opened:
        yield opened


@pytest.fixture
async def box(client: httpx.AsyncClient, office: Office, clock: ManualClock) -> Box:
    gate = await office.gate()
    return Box(client, clock, gate.id, office.secret)


async def shown(office: Office, gateway: Gateway, signed: int = 0) -> str:
    resident = await office.resident()
    async with office.database.session() as session:
        return (await issue(session, gateway_desk(office, gateway), resident, "L1", Wanted("parking", signed=signed)))[
            0
        ].text


def gateway_desk(office: Office, gateway: Gateway) -> Any:
    return msgspec.structs.replace(office.desk, keys=lambda: gateway.code_keys.newest)


@pytest.mark.parametrize("signed", [0, 1])
async def test_a_code_is_checked(box: Box, office: Office, gateway: Gateway, signed: int) -> None:
    said = {"code": await shown(office, gateway, signed), "request_id": "one"}
    checked = (await box.ask("POST", "/codes/check", said)).json()
    assert {"result", "at", "purpose", "subject"} == {*checked}
    assert (checked["result"], checked["purpose"]) == ("ok", "parking")
    again = (await box.ask("POST", "/codes/check", {**said, "request_id": "two"})).json()
    assert (again["result"], again["first_use"]["name_en"]) == ("replay", "Gate 1")
    assert again["fix"]


async def test_offline_uses_are_reported(box: Box, office: Office, gateway: Gateway) -> None:
    use = {"code": await shown(office, gateway, 1), "request_id": "r", "used_at": "2026-11-30T16:00:05+08:00"}
    answer = await box.ask("POST", "/codes/uses", {"uses": [use]})
    assert answer.json() == {"uses": [{"request_id": "r", "outcome": "recorded"}]}
    assert (await office.rows("SELECT offline FROM code_use")) == [{"offline": True}]


async def test_lists_are_signed_and_sent_once(box: Box, office: Office, gateway: Gateway) -> None:
    signer = gateway.code_keys.newest.signer(LISTS, NOW)
    trusted = key_sets.trusting(signer.kid, signer.private.public_key().public_bytes_raw())
    answer = await box.ask("GET", "/codes/keys")
    assert answer.headers["content-type"] == 'application/cose; cose-type="cose-sign1"'
    held = key_sets.read(answer.content, trusted, NOW)
    text = await shown(office, gateway, 1)
    assert signed_codes.verify(text, held, "parking", NOW).purpose == "parking"
    known = await box.ask("GET", "/codes/keys", **{"if-none-match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    first = await box.ask("GET", "/codes/revocations")
    empty = revocations.read(first.content, held, NOW)
    assert (empty.version, empty.hashes) == (0, frozenset())
    known = await box.ask("GET", "/codes/revocations", **{"if-none-match": first.headers["etag"]})
    assert known.status_code == 304
    async with office.database.session() as session:
        await revoke(session, office.clock, "code", b"12345678", "stolen", until=NOW.replace(hour=23))
    second = await box.ask("GET", "/codes/revocations", **{"if-none-match": first.headers["etag"]})
    assert revocations.read(second.content, held, NOW, empty).hashes == {revocations.hash_of("code", b"12345678")}


async def test_a_closed_accounts_phone_is_on_the_list_within_a_minute(
    box: Box, office: Office, gateway: Gateway, clock: ManualClock
) -> None:
    resident, held = await office.resident(), gateway.code_keys.newest.published

    async def listed() -> frozenset[bytes]:
        return revocations.read((await box.ask("GET", "/codes/revocations")).content, held, NOW).hashes

    await office.bind(resident, PHONE)
    await office.credential(resident, PHONE)
    assert await listed() == frozenset()
    async with office.database.session() as session:
        await freeze(session, clock, resident)
    clock.advance(timedelta(minutes=1))
    assert await listed() == {revocations.hash_of("device", PHONE.public)}


async def test_who_is_no_verifier_learns_nothing(client: httpx.AsyncClient, box: Box, clock: ManualClock) -> None:
    stranger = Box(client, clock, UUID(int=1), "guessed")
    for method, path in (("POST", "/codes/check"), ("POST", "/codes/uses"), ("GET", "/codes/revocations")):
        for answer in (await client.request(method, path), await stranger.ask(method, path, {})):
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "DEVICE_REFUSED")


async def test_what_is_asked_wrongly_is_named(box: Box) -> None:
    use = {"code": "", "request_id": "r", "used_at": "2026-11-30T08:00:00"}  # without a zone
    asked: list[tuple[str, Any]] = [
        ("check", {"code": "S:", "request_id": ""}),
        ("check", {"code": "S:"}),
        ("check", {"code": 1, "request_id": "r"}),
        ("check", {"code": "x" * 401, "request_id": "r"}),
        ("check", {"code": "S:", "request_id": "r", "purpose": "parking"}),
        ("uses", {"uses": []}),
        ("uses", {"uses": [use]}),
        ("uses", [1]),
    ]
    for path, said in asked:
        answer = await box.ask("POST", f"/codes/{path}", said)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")


async def test_a_compromised_key_is_worth_nothing_at_once(box: Box, office: Office, gateway: Gateway) -> None:
    forged = await shown(office, gateway, 1)
    async with office.database.session() as session:
        await replace_compromised(session, office.cipher, office.clock, "parking")
    await gateway.code_keys.refresh()
    checked = await box.ask("POST", "/codes/check", {"code": forged, "request_id": "r"})
    assert checked.json()["result"] == "unknown_key"
