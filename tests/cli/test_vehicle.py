"""``yiwang vehicle`` as an officer meets it: a plate's owner by their licence, and its sale."""

import json
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from auth.accounts.proofing import Evidence, prove
from auth.errors import AssuranceTooLowError, OneTimeCodeRefusedError
from auth.residents import windows
from auth.sessions.tables import Session
from flows.parking.errors import NotKeeperError, PlateError, UnknownVehicleError, VehicleTakenError
from kernel.clock import CHINA, SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import Residents
from tests.cli.operator import Operator

PLATE, LICENCE = "沪A12345", "310012345678"
WANG, LI = ("王秀英", "110101195003071227"), ("李伟", "310101198806152312")
SEEN = ("--officer", "04217", "--office", "hall-3")


class Window:
    """An officer's window, and who comes to it."""

    def __init__(
        self, operator: Operator, database: Database, *, redis: Redis, residents: Residents, settings: Settings
    ) -> None:
        self.operator, self.database, self.redis, self.residents = operator, database, redis, residents
        self.keys = open_keys(settings)

    async def comes(self, openid: str, person: tuple[str, str] | None) -> Session:
        """Somebody who is signed in, and whose person is proven if it is given."""
        owner = await self.residents.sign_in(openid)
        if person is not None:
            async with self.database.session() as session:
                row = await session.get_one(Session, owner.sid)
                await prove(session, self.residents.clock, self.keys, row, Evidence(*person, "platform", 3))
        return owner

    async def words(self, owner: Session, *changed: str) -> tuple[str, ...]:
        code = await windows.show(self.redis, owner)
        return ("vehicle", "prove", code, PLATE, "--licence", LICENCE, *SEEN, *changed)

    async def proves(self, owner: Session, person: tuple[str, str]) -> str:
        return await self.operator.done(*await self.words(owner), stdin="\n".join(person))

    async def refuses(self, owner: Session, person: tuple[str, str]) -> BaseException | None:
        return (await self.operator.type(*await self.words(owner), stdin="\n".join(person))).exception

    async def owner(self) -> Any:
        query = "SELECT account_id FROM vehicle_binding WHERE proof = 'owner' AND until IS NULL"
        return await self.database.pool.fetchval(query)

    async def entry(self, action: str) -> tuple[str, str, dict[str, Any]]:
        row = await self.database.pool.fetchrow(
            "SELECT actor, object, details FROM audit_entry WHERE action = $1 ORDER BY seq DESC", action
        )
        return row["actor"], row["object"], json.loads(row["details"])


@pytest.fixture
def window(operator: Operator, database: Database, redis: Redis, residents: Residents, settings: Settings) -> Window:
    return Window(operator, database, redis=redis, residents=residents, settings=settings)


async def test_the_person_whom_the_licence_names_is_proven(window: Window) -> None:
    owner = await window.comes("openid-1", WANG)
    said = await window.proves(owner, WANG)
    assert f"{owner.account_id} is the proven owner" in said
    assert await window.owner() == owner.account_id
    actor, about, details = await window.entry("vehicle.proven")
    assert (actor.split(":")[0], about.split(":")[0]) == ("operator", "vehicle")
    assert LICENCE not in details.pop("licence")
    assert details == {
        "account": str(owner.account_id), "source": "vehicle_licence", "officer": "04217", "office": "hall-3",
    }  # fmt: skip
    for personal in (PLATE, LICENCE, *WANG):
        assert personal not in said


async def test_the_account_has_to_be_that_persons_and_the_code_good_for_one_use(window: Window) -> None:
    unproven, other = await window.comes("openid-1", None), await window.comes("openid-2", LI)
    refused = await window.refuses(unproven, WANG)
    assert isinstance(refused, AssuranceTooLowError)
    assert "prove-at-window" in refused.fix
    assert isinstance(await window.refuses(other, WANG), NotKeeperError)
    assert isinstance(await window.refuses(other, ("李大伟", LI[1])), NotKeeperError)
    words = await window.words(other)
    await window.operator.done(*words, stdin="\n".join(LI))
    again = await window.operator.type(*words, stdin="\n".join(LI))
    assert isinstance(again.exception, OneTimeCodeRefusedError)


async def test_a_sale_is_recorded_before_the_next_owner_is_proven(window: Window) -> None:
    seller, buyer = await window.comes("openid-1", WANG), await window.comes("openid-2", LI)
    await window.proves(seller, WANG)
    await window.database.pool.execute("UPDATE vehicle_binding SET since = since - interval '30 days'")
    taken = await window.refuses(buyer, LI)
    assert isinstance(taken, VehicleTakenError)
    assert "the sale recorded at a window" in taken.fix
    sold = (SystemClock().now().astimezone(CHINA) - timedelta(days=10)).date()
    said = await window.operator.done("vehicle", "end", PLATE, "--sold", str(sold), *SEEN)
    assert f"{seller.account_id} is no longer the owner of the plate since {sold}" in said
    _, _, details = await window.entry("vehicle.ended")
    assert details == {
        "account": str(seller.account_id), "sold_on": str(sold), "officer": "04217", "office": "hall-3",
    }  # fmt: skip
    query = "SELECT until FROM vehicle_binding WHERE proof = 'owner'"
    until = (await window.database.pool.fetchval(query)).astimezone(CHINA)
    assert (until.date(), until.hour, until.minute) == (sold, 0, 0)
    await window.proves(buyer, LI)
    assert await window.owner() == buyer.account_id


async def test_what_cannot_be_ended_says_why(window: Window) -> None:
    unowned = await window.operator.type("vehicle", "end", PLATE, *SEEN)
    assert isinstance(unowned.exception, UnknownVehicleError)
    assert isinstance((await window.operator.type("vehicle", "end", "HELLO!", *SEEN)).exception, PlateError)
    ahead = str(SystemClock().now().astimezone(CHINA).date() + timedelta(days=1))
    early = await window.operator.type("vehicle", "end", PLATE, "--sold", ahead, *SEEN)
    assert (early.exit_code, "lies ahead" in early.output) == (2, True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--licence", "沪A"), "档案编号"),
        (("--officer", "王警官"), "a staff number"),
        (("--office", "hall 3"), "an office's code"),
    ],
)
async def test_what_the_log_must_not_hold_is_refused(window: Window, changed: tuple[str, ...], told: str) -> None:
    words = await window.words(await window.comes("openid-1", WANG), *changed)
    result = await window.operator.type(*words, stdin="\n".join(WANG))
    assert (result.exit_code, told in result.output) == (2, True)
