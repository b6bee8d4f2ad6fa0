"""``yiwang account prove-at-window`` as an officer meets it: level 4 for who shows their phone, and for nobody else."""

import json

import pytest
from redis.asyncio import Redis

from auth.accounts.accounts import account_of
from auth.accounts.proofing import Evidence, prove
from auth.errors import IdNumberTakenError, OneTimeCodeRefusedError, SignInRefusedError
from auth.residents import windows
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.tables import Session
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import OTHER, Residents
from tests.cli.operator import Operator

NAME, NUMBER = "王秀英", "110101195003071227"
PERSON = f"{NAME}\n{NUMBER}\n"
SEEN = ("--document", "id-card", "--officer", "04217", "--office", "hall-3")


async def live(database: Database, owner: Session) -> Session:
    async with database.session() as session:
        return await session.get_one(Session, owner.sid)


async def test_the_person_before_the_officer_is_proven_with_the_session_that_shows_the_code(
    operator: Operator, database: Database, redis: Redis, residents: Residents
) -> None:
    owner = await residents.sign_in("openid-1")
    code = await windows.show(redis, owner)
    said = await operator.done("account", "prove-at-window", code, *SEEN, stdin=PERSON)
    assert f"Proved the person of {owner.account_id}: identity level 4" in said
    for personal in (NAME, NUMBER):
        assert personal not in said
    async with database.session() as session:
        account = await account_of(session, owner.account_id)
    assert (account.ial, account.proof_source) == (4, "window")
    row = await live(database, owner)
    assert (row.ial, row.aal, row.amr, row.ended_at) == (4, 2, ["wx", "window", "mfa"], None)
    entry = await database.pool.fetchrow("SELECT action, object, details FROM audit_entry")
    details = {"source": "window", "document": "id-card", "officer": "04217", "office": "hall-3"}
    assert (entry["action"], entry["object"]) == ("account.proven", f"account:{owner.account_id}")
    assert json.loads(entry["details"]) == details
    again = await operator.type("account", "prove-at-window", code, *SEEN, stdin=PERSON)
    assert isinstance(again.exception, OneTimeCodeRefusedError)


async def test_a_code_that_was_shown_for_something_else_or_in_an_app_s_browser_proves_nobody(
    operator: Operator, redis: Redis, residents: Residents
) -> None:
    owner = await residents.sign_in("openid-1")
    code = await ShownCodes(redis, AGENTS).show(owner.sid)
    refused = (await operator.type("account", "prove-at-window", code, *SEEN, stdin=PERSON)).exception
    assert isinstance(refused, OneTimeCodeRefusedError)
    with pytest.raises(SignInRefusedError):
        await windows.show(redis, await residents.follow(owner, OTHER))


@pytest.mark.parametrize(("ial", "kept"), [(3, "merged"), (2, "active")])
async def test_who_is_proven_elsewhere_becomes_one_with_it_and_who_only_typed_the_number_gives_it_up(
    operator: Operator,
    database: Database,
    *,
    redis: Redis,
    residents: Residents,
    settings: Settings,
    ial: int,
    kept: str,
) -> None:
    other, owner = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    async with database.session() as session:
        row = await session.get_one(Session, other.sid)
        await prove(session, residents.clock, open_keys(settings), row, Evidence(NAME, NUMBER, "platform", ial))
    code = await windows.show(redis, owner)
    await operator.done("account", "prove-at-window", code, *SEEN, stdin=PERSON)
    statuses = await database.pool.fetch("SELECT id, status, ial FROM account WHERE id_number IS NOT NULL")
    assert [(each["status"], each["ial"]) for each in statuses] == [("active", 4)]
    went = owner if kept == "merged" else other
    assert await database.pool.fetchval("SELECT status FROM account WHERE id = $1", went.account_id) == kept
    assert (await live(database, went)).ended_at is not None


async def test_a_frozen_account_s_person_is_not_proven_to_another(
    operator: Operator, database: Database, redis: Redis, residents: Residents, settings: Settings
) -> None:
    other, owner = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    async with database.session() as session:
        row = await session.get_one(Session, other.sid)
        await prove(session, residents.clock, open_keys(settings), row, Evidence(NAME, NUMBER, "platform", 3))
    await operator.done("account", "freeze", str(other.account_id))
    code = await windows.show(redis, owner)
    refused = (await operator.type("account", "prove-at-window", code, *SEEN, stdin=PERSON)).exception
    assert isinstance(refused, IdNumberTakenError)


@pytest.mark.parametrize(
    ("changed", "stdin"),
    [
        (("--document", "selfie"), PERSON),
        (("--officer", NAME), PERSON),
        (("--office", "hall 3"), PERSON),
        ((), NAME),
        ((), f"{PERSON}{NAME}"),
    ],
)
async def test_what_the_log_must_not_hold_and_half_a_person_are_refused(
    operator: Operator, redis: Redis, residents: Residents, changed: tuple[str, ...], stdin: str
) -> None:
    code = await windows.show(redis, await residents.sign_in("openid-1"))
    result = await operator.type("account", "prove-at-window", code, *SEEN, *changed, stdin=stdin)
    assert result.exit_code == 2
    assert NUMBER not in result.output
