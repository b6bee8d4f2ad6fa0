"""Acting for somebody else: narrow, ending, seen and ended by both sides, and a child's only until it is of age."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from auth.assurance import Level
from auth.decisions import Decision
from auth.mandates.errors import MandateRefusedError, UnknownMandateError
from auth.mandates.kinds import (
    KINDS,
    MOST_SCOPES,
    Evidence,
    Kind,
    NewMandate,
    Organisation,
    Party,
    Person,
    Principal,
    ends_at,
    in_scope,
    may_grant,
    of_age_at,
)
from auth.mandates.mandates import acting_for, grant, judge, mandates_of, revoke
from auth.mandates.tables import Mandate
from kernel.clock import ManualClock
from kernel.database import Database

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
CHILD, ELDER, AGENT, STRANGER = (UUID(int=number) for number in range(1, 5))
COMPANY = Organisation("91310000MA1FL8XQ30")
BOSS = Party(UUID(int=9), frozenset({COMPANY.code}))
DAY = timedelta(days=1)

FOR_CHILD = NewMandate(
    kind="child",
    principal=Person(CHILD),
    agent=AGENT,
    scope=("clinic.bookVaccination", "library"),
    purpose="Vaccinations and library cards",
    expires_at=NOW + 92 * DAY,
    evidence=Evidence("household-register", "doc-1"),
    born=date(2020, 5, 1),
)
BY_COURT = replace(FOR_CHILD, expires_at=NOW + 3 * 366 * DAY, evidence=Evidence("court-order", "c-1"))
FOR_ELDER = replace(
    FOR_CHILD,
    kind="person",
    principal=Person(ELDER),
    expires_at=NOW + 365 * DAY,
    evidence=Evidence("own-consent", "e-1"),
    born=None,
)
FOR_COMPANY = replace(FOR_ELDER, kind="company", principal=COMPANY, evidence=Evidence("business-register", "b-1"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def given_to(database: Database, clock: ManualClock, wanted: NewMandate, by: Party) -> UUID:
    async with database.session() as session:
        return (await grant(session, clock, wanted, by, "L3")).id


async def asked(
    database: Database, principal: Principal, operation: str, *, agent: UUID = AGENT, at: datetime = NOW
) -> Decision:
    service, _, name = operation.partition(".")
    async with database.session() as session:
        return await acting_for(session, agent, principal, service, name, at=at)


@pytest.mark.parametrize(
    ("wanted", "by"),
    [(FOR_CHILD, Party(AGENT)), (BY_COURT, Party(AGENT)), (FOR_ELDER, Party(ELDER)), (FOR_COMPANY, BOSS)],
)
async def test_a_mandate_lets_its_agent_do_what_it_names(
    database: Database, clock: ManualClock, wanted: NewMandate, by: Party
) -> None:
    mandate = await given_to(database, clock, wanted, by)
    for operation in ("clinic.bookVaccination", "library.borrow", "library.renew"):
        allowed = await asked(database, wanted.principal, operation)
        assert (allowed.allowed, allowed.rule) == (True, "mandate.granted")
        assert str(mandate) in allowed.reason
    assert (await asked(database, wanted.principal, "clinic.readRecords")).rule == "mandate.out-of-scope"
    assert (await asked(database, wanted.principal, "libraryFines.pay")).rule == "mandate.out-of-scope"
    assert (await asked(database, wanted.principal, "library.borrow", agent=STRANGER)).rule == "mandate.none"
    assert (await asked(database, Person(STRANGER), "library.borrow")).rule == "mandate.none"
    assert (await asked(database, Organisation("other"), "library.borrow")).rule == "mandate.none"


async def test_a_mandate_begins_and_ends_by_itself(database: Database, clock: ManualClock) -> None:
    later = replace(FOR_ELDER, valid_from=NOW + 10 * DAY, expires_at=NOW + 20 * DAY)
    await given_to(database, clock, later, Party(ELDER))
    moments = {9: "not-yet", 10: "granted", 19: "granted", 20: "expired"}
    for days, rule in moments.items():
        decision = await asked(database, Person(ELDER), "library.borrow", at=NOW + days * DAY)
        assert decision.rule == f"mandate.{rule}"


@pytest.mark.parametrize("by", [Party(ELDER), Party(AGENT)])
async def test_either_side_ends_it_at_once(database: Database, clock: ManualClock, by: Party) -> None:
    mandate = await given_to(database, clock, FOR_ELDER, Party(ELDER))
    clock.advance(DAY)
    for _ in range(2):  # ending it again changes nothing
        async with database.session() as session:
            ended = await revoke(session, clock, mandate, by)
            assert (ended.revoked_at, ended.revoked_by) == (NOW + DAY, by.account)
        clock.advance(DAY)
    assert (await asked(database, Person(ELDER), "library.borrow", at=NOW + DAY)).rule == "mandate.revoked"
    assert await asked(database, Person(ELDER), "library.borrow", at=NOW)  # as it was then


async def test_a_company_ends_it_by_whoever_represents_it_then(database: Database, clock: ManualClock) -> None:
    mandate = await given_to(database, clock, FOR_COMPANY, BOSS)
    async with database.session() as session:
        with pytest.raises(UnknownMandateError):
            await revoke(session, clock, mandate, Party(BOSS.account))  # no longer its representative
        await revoke(session, clock, mandate, Party(STRANGER, BOSS.organisations))
    assert (await asked(database, COMPANY, "library.borrow")).rule == "mandate.revoked"


async def test_strangers_neither_see_nor_end_it(database: Database, clock: ManualClock) -> None:
    mandate = await given_to(database, clock, FOR_ELDER, Party(ELDER))
    async with database.session() as session:
        with pytest.raises(UnknownMandateError) as of_others:
            await revoke(session, clock, mandate, Party(STRANGER))
        with pytest.raises(UnknownMandateError) as of_nobody:
            await revoke(session, clock, missing := uuid4(), Party(STRANGER))
        assert of_others.value.message.replace(str(mandate), str(missing)) == of_nobody.value.message
        assert await mandates_of(session, Party(STRANGER)) == []


async def test_both_sides_see_all_of_them_the_ended_too(database: Database, clock: ManualClock) -> None:
    first = await given_to(database, clock, FOR_ELDER, Party(ELDER))
    clock.advance(DAY)
    second = await given_to(database, clock, FOR_COMPANY, BOSS)
    async with database.session() as session:
        await revoke(session, clock, first, Party(ELDER))
        seen = {
            who: [each.id for each in await mandates_of(session, who)] for who in (Party(AGENT), Party(ELDER), BOSS)
        }
    assert seen == {Party(AGENT): [second, first], Party(ELDER): [first], BOSS: [second]}


async def test_a_guardian_stops_when_the_child_is_of_age(database: Database, clock: ManualClock) -> None:
    nearly = replace(FOR_CHILD, born=date(2008, 12, 1))
    await given_to(database, clock, nearly, Party(AGENT))
    birthday = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in China
    assert await asked(database, Person(CHILD), "library.borrow", at=birthday - timedelta(seconds=1))
    assert (await asked(database, Person(CHILD), "library.borrow", at=birthday)).rule == "mandate.expired"


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)))
def test_nobody_is_a_child_on_their_18th_birthday(born: date) -> None:
    at = of_age_at(born).astimezone(UTC) + timedelta(hours=8)
    assert (at.hour, at.minute, at.year) == (0, 0, born.year + 18)
    assert (at.month, at.day) == ((2, 28) if (born.month, born.day) == (2, 29) else (born.month, born.day))


REFUSALS: list[tuple[NewMandate, Party, Level, str]] = [
    (FOR_ELDER, Party(ELDER), "L2", "level"),
    (replace(FOR_COMPANY, principal=Person(ELDER)), BOSS, "L3", "principal"),
    (replace(FOR_ELDER, principal=COMPANY), BOSS, "L3", "principal"),
    (replace(FOR_ELDER, agent=ELDER), Party(ELDER), "L3", "self"),
    (replace(FOR_ELDER, evidence=Evidence("his word", "x")), Party(ELDER), "L3", "evidence"),
    (replace(FOR_ELDER, evidence=Evidence("window", "  ")), Party(ELDER), "L3", "evidence"),
    (replace(FOR_ELDER, evidence=Evidence("birth-certificate", "x")), Party(ELDER), "L3", "evidence"),
    (FOR_ELDER, Party(AGENT), "L4", "granter"),  # nobody gives themselves power over another adult
    (FOR_CHILD, Party(STRANGER), "L4", "granter"),
    (FOR_COMPANY, Party(BOSS.account), "L4", "granter"),
    (replace(FOR_ELDER, scope=()), Party(ELDER), "L3", "scope-size"),
    (replace(FOR_ELDER, scope=("library", "library")), Party(ELDER), "L3", "scope-size"),
    (replace(FOR_ELDER, scope=tuple(f"s{n}" for n in range(MOST_SCOPES + 1))), Party(ELDER), "L3", "scope-size"),
    *[
        (replace(FOR_ELDER, scope=("library", entry)), Party(ELDER), "L3", "scope")
        for entry in ("*", "library.*", "", "everything!", "Library", "library.", "a.b.c", "library\n", "all services")
    ],
    (replace(FOR_ELDER, purpose="  "), Party(ELDER), "L3", "purpose"),
    (replace(FOR_ELDER, purpose="books\0"), Party(ELDER), "L3", "purpose"),
    (replace(FOR_CHILD, born=None), Party(AGENT), "L3", "born"),
    (replace(FOR_CHILD, born=date(2008, 11, 25)), Party(AGENT), "L3", "of-age"),
    (replace(FOR_CHILD, born=date(2008, 12, 1), valid_from=NOW + 30 * DAY), Party(AGENT), "L3", "period"),
    (replace(FOR_ELDER, valid_from=NOW - DAY), Party(ELDER), "L3", "period"),
    (replace(FOR_ELDER, expires_at=NOW), Party(ELDER), "L3", "period"),
    (replace(FOR_ELDER, expires_at=NOW + 367 * DAY), Party(ELDER), "L3", "too-long"),
    (replace(FOR_CHILD, expires_at=NOW + 93 * DAY), Party(AGENT), "L3", "too-long"),
    (replace(BY_COURT, expires_at=NOW + (3 * 366 + 1) * DAY), Party(AGENT), "L3", "too-long"),
    (replace(FOR_ELDER, valid_from=NOW + 366 * DAY, expires_at=NOW + 367 * DAY), Party(ELDER), "L3", "too-long"),
]


@pytest.mark.parametrize(("wanted", "by", "level", "rule"), REFUSALS)
def test_what_is_not_given(wanted: NewMandate, by: Party, level: Level, rule: str) -> None:
    decision = may_grant(wanted, by, level, NOW)
    assert (decision.allowed, decision.rule) == (False, f"mandate.{rule}")


@pytest.mark.parametrize(("wanted", "allowed"), [(FOR_CHILD, True), (FOR_COMPANY, True), (FOR_ELDER, False)])
def test_an_operator_gives_by_a_document_and_by_nobody_s_own_word(wanted: NewMandate, *, allowed: bool) -> None:
    assert may_grant(wanted, None, "L4", NOW).allowed is allowed


async def test_a_refusal_is_an_error_with_its_rule(database: Database, clock: ManualClock) -> None:
    async with database.session() as session:
        with pytest.raises(MandateRefusedError) as refused:
            await grant(session, clock, replace(FOR_ELDER, scope=("*",)), Party(ELDER), "L3")
        assert refused.value.rule == "mandate.scope"
        assert await mandates_of(session, Party(ELDER)) == []


@pytest.mark.parametrize(
    "spoiled",
    [
        {"principal_organisation": "x"},
        {"principal_account": AGENT},
        {"scope": []},
        {"revoked_by": AGENT},
        {"expires_at": NOW},
    ],
)
async def test_the_database_holds_the_rules_too(database: Database, spoiled: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            session.add(row(**spoiled))


@given(
    st.lists(st.sampled_from(["library", "library.borrow", "clinic.book", "clinic"]), min_size=1, unique=True),
    st.integers(-2, 5), st.none() | st.integers(-2, 5), st.integers(-2, 6),
)  # fmt: skip
def test_a_mandate_holds_within_its_bounds_only(scope: list[str], begins: int, revoked: int | None, at: int) -> None:
    mandate = row(scope=scope, valid_from=NOW + begins * DAY, expires_at=NOW + 5 * DAY)
    mandate.revoked_at = None if revoked is None else NOW + revoked * DAY
    decision = judge([mandate], "library", "borrow", NOW + at * DAY)
    within = begins <= at < 5 and (revoked is None or at < revoked)
    assert bool(decision) is (within and in_scope(scope, "library", "borrow"))


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 2000), st.dates(date(2000, 1, 1), date(2026, 1, 1)))
def test_whatever_is_given_ends_in_time(kind: Kind, days: int, born: date) -> None:
    wanted = {"child": FOR_CHILD, "person": FOR_ELDER, "company": FOR_COMPANY}[kind]
    wanted = replace(wanted, expires_at=NOW + days * DAY, born=born)
    by = {"child": Party(AGENT), "person": Party(ELDER), "company": BOSS}[kind]
    if may_grant(wanted, by, "L3", NOW):
        assert NOW < ends_at(wanted) <= NOW + KINDS[kind].life(wanted.evidence.source)
        assert kind != "child" or ends_at(wanted) <= of_age_at(born)


def row(**changes: Any) -> Mandate:
    values: dict[str, Any] = {
        "kind": "person",
        "principal_account": ELDER,
        "agent_account": AGENT,
        "scope": ["library"],
        "purpose": "Books",
        "valid_from": NOW,
        "expires_at": NOW + DAY,
        "granted_at": NOW,
        "granted_by": ELDER,
        "evidence_source": "window",
        "evidence_reference": "w-1",
    }
    return Mandate(**{**values, **changes})
