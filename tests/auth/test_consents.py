"""Purposes are worded version by version; the ledger only grows, and what it says last holds from the next call on."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.consents.errors import (
    ConsentRefusedError,
    PurposeInvalidError,
    PurposeOutdatedError,
    UnknownPurposeError,
)
from auth.consents.ledger import Between, covers, give, history, inform, may_use, standing, withdraw
from auth.consents.purposes import PLATFORM, Purpose, Purposes, Wording
from kernel.clock import ManualClock
from kernel.database import Database

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
ME, OTHER = UUID(int=1), UUID(int=2)
LIBRARY = Between(ME, "library")

BORROW = Purpose(
    id="borrowing",
    version=1,
    title=Wording("借书", "Borrowing"),
    text=Wording("用于借阅登记。", "To note what you borrow."),
    fields=("name",),
    legal_basis="consent",
    retention=timedelta(days=90),
)
BORROW_2 = replace(BORROW, version=2, fields=("name", "phone"))
NEWS = replace(BORROW, id="news", fields=("phone",))
HEALTH = replace(BORROW, id="health", fields=("allergies",), sensitivity="sensitive")
PASSED_ON = replace(BORROW, id="partner", passed_on=True)
TAX = replace(BORROW, id="tax-report", legal_basis="statutory_duty")
REGISTRY = Purposes([BORROW, NEWS, BORROW_2, HEALTH, PASSED_ON, TAX])


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def stands(database: Database, account: UUID = ME, client: str = "library") -> dict[str, int]:
    async with database.session() as session:
        return await standing(session, account, client)


async def test_consent_holds_until_it_is_withdrawn_and_not_a_call_longer(
    database: Database, clock: ManualClock
) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, REGISTRY.shown({"borrowing": 2, "news": 1}))
    assert await stands(database) == {"borrowing": 2, "news": 1}
    assert may_use(await stands(database), BORROW_2)
    async with database.session() as session:
        assert await withdraw(session, clock, LIBRARY, "borrowing", how="window")
        assert not await withdraw(session, clock, LIBRARY, "borrowing")
        assert not await withdraw(session, clock, LIBRARY, "health")
    assert await stands(database) == {"news": 1}
    assert may_use(await stands(database), BORROW_2).rule == "consent.missing"
    async with database.session() as session:
        await give(session, clock, LIBRARY, [BORROW_2])
    assert may_use(await stands(database), BORROW_2).rule == "consent.given"


async def test_consent_is_one_persons_to_one_client(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, [NEWS])
        assert not await withdraw(session, clock, Between(ME, "museum"), "news")
        assert not await withdraw(session, clock, Between(OTHER, "library"), "news")
    assert await stands(database) == {"news": 1}
    assert await stands(database, client="museum") == {}
    assert await stands(database, account=OTHER) == {}


async def test_a_new_wording_is_asked_for_anew(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, [BORROW])
    held = await stands(database)
    assert may_use(held, BORROW)
    assert may_use(held, REGISTRY.current("borrowing")).rule == "consent.new-version"
    with pytest.raises(PurposeOutdatedError) as outdated:
        REGISTRY.shown({"news": 1, "borrowing": 1})
    assert outdated.value.fix == "Show version 2 and ask again."


@pytest.mark.parametrize("purpose", [HEALTH, PASSED_ON])
async def test_what_is_sensitive_or_passed_on_is_agreed_to_by_itself(
    database: Database, clock: ManualClock, purpose: Purpose
) -> None:
    assert purpose.need == "separate-consent"
    async with database.session() as session:
        with pytest.raises(ConsentRefusedError) as bundled:
            await give(session, clock, LIBRARY, [NEWS, purpose])
        assert bundled.value.rule == "consent.separate"
    assert await stands(database) == {}  # nothing of the bundle counts
    async with database.session() as session:
        await give(session, clock, LIBRARY, [purpose])
    assert await stands(database) == {purpose.id: 1}


async def test_where_a_law_is_the_basis_people_are_told_and_not_asked(database: Database, clock: ManualClock) -> None:
    assert may_use(await stands(database), TAX).rule == "consent.not-asked"
    async with database.session() as session:
        with pytest.raises(ConsentRefusedError) as asked:
            await give(session, clock, LIBRARY, [TAX])
        with pytest.raises(ConsentRefusedError) as told:
            await inform(session, clock, LIBRARY, [NEWS])
        for _ in range(2):
            await inform(session, clock, LIBRARY, [TAX])
        with pytest.raises(ConsentRefusedError) as withdrawn:
            await withdraw(session, clock, LIBRARY, "tax-report")
    rules = [each.value.rule for each in (asked, told, withdrawn)]
    assert rules == ["consent.not-asked", "consent.ask", "consent.not-withdrawable"]
    assert await stands(database) == {"tax-report": 1}
    async with database.session() as session:
        await inform(session, clock, LIBRARY, [replace(TAX, version=2)])
        rows = [(row.purpose, row.version, row.act) for row in await history(session, ME)]
    assert rows == [("tax-report", 1, "informed"), ("tax-report", 2, "informed")], "once a version"


async def test_the_ledger_tells_what_was_agreed_to_when_and_how(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, [BORROW])
        clock.advance(timedelta(days=1))
        await withdraw(session, clock, LIBRARY, "borrowing", how="letter")
        await give(session, clock, Between(OTHER, "library"), [NEWS])
    async with database.session() as session:
        told = [(each.act, each.version, each.digest, each.at, each.how) for each in await history(session, ME)]
    assert told == [
        ("given", 1, BORROW.digest(), NOW, "screen"),
        ("withdrawn", 1, BORROW.digest(), NOW + timedelta(days=1), "letter"),
    ]


@pytest.mark.parametrize("statement", ["UPDATE consent SET act = 'given'", "DELETE FROM consent", "TRUNCATE consent"])
async def test_the_ledger_only_grows(database: Database, clock: ManualClock, statement: str) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, [NEWS])
    with pytest.raises(asyncpg.RestrictViolationError, match="only added to"):
        await database.pool.execute(statement)
    assert await stands(database) == {"news": 1}


async def test_who_commits_last_has_the_last_word(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        await give(session, clock, LIBRARY, [NEWS])

    async def give_again() -> None:
        async with database.session() as session:
            await give(session, clock, LIBRARY, [NEWS])

    async with database.session() as session:
        assert await withdraw(session, clock, LIBRARY, "news")
        waiting = asyncio.create_task(give_again())
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not done  # it may only be numbered once the withdrawal is committed
    await waiting
    async with database.session() as session:
        acts = [(each.number, each.act) for each in await history(session, ME)]
    assert [act for _, act in sorted(acts)] == ["given", "withdrawn", "given"]


@given(st.dictionaries(st.sampled_from(["borrowing", "news"]), st.integers(1, 3)), st.integers(1, 3))
def test_a_wording_covers_itself_only(held: dict[str, int], version: int) -> None:
    assert covers(held, "news", version) is (held.get("news", 0) == version)
    assert bool(may_use(held, replace(NEWS, version=version))) is covers(held, "news", version)


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"id": "Borrow Books"}, "id"),
        ({"id": "borrow-"}, "id"),
        ({"title": Wording("借书", " ")}, "title"),
        ({"text": Wording("", "Text")}, "text"),
        ({"fields": ()}, "fields"),
        ({"fields": ("name", "name")}, "fields"),
        ({"retention": timedelta(0)}, "retention"),
    ],
)
def test_a_purpose_says_all_that_people_have_to_be_told(changes: dict[str, Any], lacks: str) -> None:
    with pytest.raises(PurposeInvalidError) as invalid:
        Purposes([replace(BORROW, **changes)])
    assert lacks in invalid.value.fix


@pytest.mark.parametrize("versions", [[BORROW_2], [BORROW, BORROW], [BORROW_2, BORROW]])
def test_versions_come_in_their_order_and_none_is_dropped(versions: list[Purpose]) -> None:
    with pytest.raises(PurposeInvalidError, match="was to come"):
        Purposes(versions)


def test_old_wordings_can_be_read_and_unknown_ones_are_said_to_be() -> None:
    assert REGISTRY.version("borrowing", 1) == BORROW
    assert REGISTRY.current("borrowing") == BORROW_2
    for version in (0, 3, -1):
        with pytest.raises(UnknownPurposeError, match=f"no version {version}"):
            REGISTRY.version("borrowing", version)
    with pytest.raises(UnknownPurposeError, match="no purpose 'spying'") as unknown:
        REGISTRY.current("spying")
    assert "borrowing" in unknown.value.fix


def test_every_change_of_what_is_shown_changes_the_digest() -> None:
    changed = [
        BORROW,
        BORROW_2,
        NEWS,
        replace(BORROW, text=Wording("用于借阅登记。", "To know what you read.")),
        replace(BORROW, retention=timedelta(days=91)),
        replace(BORROW, legal_basis="contract"),
        HEALTH,
        PASSED_ON,
    ]
    assert len({each.digest() for each in changed}) == len(changed)


def test_the_platforms_own_purposes_are_complete() -> None:
    registry = Purposes(PLATFORM)
    needs = {each.id: registry.current(each.id).need for each in PLATFORM}
    assert needs == {
        "sign-in": "notice",
        "security-records": "notice",
        "contact": "consent",
        "real-name": "separate-consent",
        "face-comparison": "separate-consent",
        "vehicle-register": "separate-consent",
    }
