"""Pick-ups: a hospital files for an ID number, the resident has the code, the pharmacy uses it once."""

import asyncio
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from flows.pickups.holdings import KEPT, forget
from kernel.clock import ManualClock, SystemClock, local
from kernel.crypto.keys import open_keys
from tests.appointments.hall import OFFICE, Hall
from tests.examples.contract import Contract
from tests.gateway.conftest import City
from tests.gateway.halls.staff_of import key
from tests.gateway.residents.hosts import Phones, Resident, sign_in
from tests.gateway.residents.registered import proven

pytestmark = pytest.mark.case("issue-6.pick-ups")

PATH = Path(__file__).parents[3] / "docs" / "pickups.yaml"
CONTRACT = Contract(PATH)
MINE = "{ myPickups { id office issuer title until state endedAt code } }"
TOLD = "{ myPickups { notice { kind textZh textEn at state } } }"
FILED = "/pickups/hall/filed/RX-1"


class Counter:
    """An office's program."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client, self.token = client, token

    async def __call__(self, method: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"authorization": f"Bearer {self.token}"}
        reply = await self._client.request(method, path, json=body or None, headers=headers)
        CONTRACT.check(method, path, reply.status_code, reply.headers["content-type"], reply.json())
        return reply.status_code, reply.json()

    async def file(self, path: str = FILED, **changed: Any) -> dict[str, Any]:
        status, said = await self("PUT", path, **filing(**changed))
        assert status == 200, said
        return said

    async def refused(self, method: str, path: str, **body: Any) -> str:
        status, said = await self(method, path, **body)
        assert status >= 400, said
        return str(said["error"]["code"])


@pytest.fixture
async def hall(city: City, redis: Redis) -> Hall:
    made = Hall(city.settings, city.gateway.database, redis, open_keys(city.settings))
    made.clock.advance(SystemClock().now() - made.clock.now())
    pharmacies = [{**OFFICE, "code": each, "name_zh": f"{each} 药房", "resources": []} for each in ("west", "east")]
    await made.build(offices=[OFFICE, *pharmacies])
    return made


@pytest.fixture
async def counter(hall: Hall, client: httpx.AsyncClient) -> Counter:
    return Counter(client, await key(hall, "clerk"))


def filing(**changed: Any) -> dict[str, Any]:
    until = (SystemClock().now() + timedelta(days=3)).replace(microsecond=0)
    said = {"office": "west", "idNumber": "11010519491231002X", "title": "处方药", "until": until.isoformat()}
    return said | changed


async def code_of(who: Resident) -> str:
    [mine] = await who.data(MINE)
    return str(mine["code"])


async def test_from_filing_to_handing_out(city: City, phones: Phones, counter: Counter) -> None:
    number = phones.person("wang")["idNumber"]
    filed = await counter.file(idNumber=number)  # before there is an account
    assert (filed["state"], filed["title"], "code" in filed) == ("ready", "处方药", False)
    stranger = await sign_in(city, phones, "wang")
    assert await stranger.code(MINE) == "ASSURANCE_TOO_LOW"
    who, other = await proven(city, phones, "wang"), await proven(city, phones, "li")
    [mine] = await who.data(MINE)
    assert mine == {**mine, "id": filed["id"], "office": "west", "issuer": "hall", "title": "处方药", "state": "ready"}
    assert await other.data(MINE) == []

    code = mine["code"]
    assert await counter.refused("POST", "/pickups/east/uses", code=code, useId="till-1-1") == "PICKUP_ELSEWHERE"
    typed = code.replace("-", " ").lower()
    status, used = await counter("POST", "/pickups/west/uses", code=typed, useId="till-1-2")
    assert (status, used["state"], used["reference"]) == (200, "used", "RX-1")
    assert await counter("POST", "/pickups/west/uses", code=typed, useId="till-1-2") == (200, used)
    _, refused = await counter("POST", "/pickups/west/uses", code=typed, useId="till-1-3")
    assert refused["error"]["code"] == "PICKUP_USED"
    assert local(datetime.fromisoformat(used["endedAt"]), "Asia/Shanghai") in refused["error"]["message"]
    assert re.fullmatch(r"20..-..-..T..:..:..Z", used["endedAt"])
    assert "west" in refused["error"]["message"]
    assert await counter.refused("DELETE", FILED) == "PICKUP_USED"
    [mine] = await who.data(MINE)
    assert (mine["state"], mine["code"]) == ("used", None)
    assert (await counter("GET", FILED))[1]["endedAt"] == used["endedAt"]
    [[untold]] = [each.values() for each in await who.data(TOLD)]  # filed before there was an account
    assert (untold["kind"], untold["state"], untold["textEn"]) == ("ready", "untold", "Ready for pick-up")
    await counter.file("/pickups/hall/filed/RX-2", idNumber=number)
    assert [each["notice"]["state"] for each in await who.data(TOLD)] == ["waiting", "untold"]
    assert CONTRACT.used == CONTRACT.operations


async def test_of_fifty_at_once_one_uses_it(
    city: City, phones: Phones, counter: Counter, hall: Hall, client: httpx.AsyncClient
) -> None:
    await counter.file(idNumber=phones.person("wang")["idNumber"])
    code = await code_of(await proven(city, phones, "wang"))
    other = Counter(client, await key(hall, "clerk"))
    tills = [(counter, other)[number % 2] for number in range(48)] + [counter] * 2
    answers = await asyncio.gather(
        *(till("POST", "/pickups/west/uses", code=code, useId=f"try number {n // 4}") for n, till in enumerate(tills))
    )
    assert sorted({status for status, _ in answers}) == [200, 409]
    won = [said for status, said in answers if status == 200]
    assert len(won) == 2  # the same request of the same program comes twice; the other's of the same name is another
    assert won[0] == won[1]
    assert await hall.ask("SELECT count(*) FROM audit_entry WHERE action = 'pickup.used'") == [(1,)]


async def test_the_same_again_is_filed_once_and_something_else_is_refused(counter: Counter, hall: Hall) -> None:
    said = filing()
    rows = await asyncio.gather(*(counter("PUT", FILED, **said) for _ in range(8)))
    assert len({each["id"] for _, each in rows}) == 1
    assert await counter.refused("PUT", FILED, **said | {"title": "别的"}) == "PICKUP_DIFFERS"
    assert await counter.refused("PUT", FILED, **said | {"office": "east"}) == "PICKUP_DIFFERS"
    stored = await hall.ask("SELECT title, code, person FROM pickup")
    assert "处方药".encode() not in stored[0][0]


@pytest.mark.parametrize(
    ("path", "changed", "expected"),
    [
        pytest.param(FILED, {"office": "nowhere"}, "PICKUP_REFUSED", id="no office"),
        pytest.param(FILED, {"until": "2020-01-01T00:00:00Z"}, "PICKUP_REFUSED", id="over"),
        pytest.param(FILED, {"until": "2999-01-01T00:00:00Z"}, "PICKUP_REFUSED", id="too far"),
        pytest.param(FILED, {"until": "2026-01-01T00:00:00"}, "BAD_REQUEST", id="no zone"),
        pytest.param(FILED, {"idNumber": "110105194912310021"}, "ID_NUMBER_INVALID", id="no number"),
        pytest.param(FILED, {"title": ""}, "BAD_REQUEST", id="no title"),
        pytest.param(FILED, {"title": "a\0"}, "BAD_REQUEST", id="no text"),
        pytest.param(FILED, {"office": "\0"}, "BAD_REQUEST", id="no office's name"),
        pytest.param("/pickups/%00/filed/RX-1", {}, "BAD_REQUEST", id="no issuer's name"),
        pytest.param(FILED, {"illness": "x"}, "BAD_REQUEST", id="unknown"),
        pytest.param("/pickups/hall/filed/a%20b", {}, "BAD_REQUEST", id="no reference"),
        pytest.param("/pickups/nowhere/filed/RX-1", {}, "APPOINTMENT_SERVICE_UNKNOWN", id="no issuer"),
    ],
)
async def test_what_cannot_be_filed_is_refused(counter: Counter, path: str, changed: Any, expected: str) -> None:
    assert await counter.refused("PUT", path, **filing(**changed)) == expected


async def test_what_cannot_be_read_is_refused_with_where_its_fields_are(counter: Counter) -> None:
    status, said = await counter("POST", "/pickups/west/uses", code="1234")
    assert (status, said["error"]["message"]) == (400, "The body cannot be read: useId is missing")
    assert said["error"]["fix"] == "docs/pickups.yaml has the fields."


async def test_only_staff_of_the_office_asks(hall: Hall, client: httpx.AsyncClient, counter: Counter) -> None:
    await counter.file()
    for token, expected in ((await key(hall, None), "STAFF_ROLE_MISSING"), ("nobody", "CREDENTIAL_REFUSED")):
        asking = Counter(client, token)
        assert await asking.refused("GET", FILED) == expected
        assert await asking.refused("DELETE", FILED) == expected
        assert await asking.refused("PUT", FILED, **filing()) == expected
        assert await asking.refused("POST", "/pickups/west/uses", code="x", useId="12345678") == expected
    assert await counter.refused("GET", "/pickups/west/filed/RX-1") == "PICKUP_UNKNOWN"  # each sees its own


async def test_what_is_withdrawn_or_expired_is_not_handed_out(
    city: City, phones: Phones, counter: Counter, hall: Hall
) -> None:
    await counter.file(idNumber=phones.person("wang")["idNumber"])
    who = await proven(city, phones, "wang")
    code = await code_of(who)
    for _ in range(2):
        assert (await counter("DELETE", FILED))[1]["state"] == "withdrawn"
    assert await counter.refused("POST", "/pickups/west/uses", code=code, useId="12345678") == "PICKUP_OVER"
    await counter.file("/pickups/hall/filed/RX-2", idNumber=phones.person("wang")["idNumber"])
    code = (await who.data(MINE))[0]["code"]
    await hall.ask("UPDATE pickup SET until = now() - interval '1 second' WHERE reference = 'RX-2' RETURNING id")
    assert await counter.refused("POST", "/pickups/west/uses", code=code, useId="12345678") == "PICKUP_OVER"
    assert [(each["state"], each["code"]) for each in await who.data(MINE)] == [("expired", None), ("withdrawn", None)]


async def test_codes_are_not_guessed_and_are_used_while_redis_forgets(
    city: City, phones: Phones, counter: Counter, redis: Redis
) -> None:
    await counter.file(idNumber=phones.person("wang")["idNumber"])
    code = await code_of(await proven(city, phones, "wang"))
    said = [await counter.refused("POST", "/pickups/west/uses", code=f"{n:010}", useId="12345678") for n in range(21)]
    assert said == ["PICKUP_UNKNOWN"] * 20 + ["TOO_MANY_ATTEMPTS"]
    assert await counter.refused("POST", "/pickups/west/uses", code=code, useId="12345678") == "TOO_MANY_ATTEMPTS"
    await redis.flushdb()
    assert (await counter("POST", "/pickups/west/uses", code=code, useId="12345678"))[0] == 200


async def test_it_is_exported_erased_and_forgotten(city: City, phones: Phones, counter: Counter, hall: Hall) -> None:
    await counter.file(idNumber=phones.person("wang")["idNumber"])
    who = await proven(city, phones, "wang")
    code = await code_of(who)
    [held] = (await who.data("{ me { export } }"))["export"]["pickups"]
    assert (held["reference"], held["title"], "code" in held) == ("RX-1", "处方药", False)
    assert await who.data("mutation { eraseAccount }") is True
    assert await hall.ask("SELECT state, person, title, code FROM pickup") == [("withdrawn", None, None, None)]
    assert await counter.refused("POST", "/pickups/west/uses", code=code, useId="12345678") == "PICKUP_OVER"
    until = datetime.fromisoformat((await counter("GET", FILED))[1]["until"])
    for passed, left in ((KEPT, 1), (KEPT + timedelta(seconds=1), 0)):
        async with hall.database.session() as session:
            await forget(session, ManualClock(until + passed))
        assert await hall.ask("SELECT count(*) FROM pickup") == [(left,)]
