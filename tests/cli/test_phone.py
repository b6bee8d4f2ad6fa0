"""``yiwang phone recycled``: a number that is somebody else's now opens nothing of its old holder's."""

from datetime import timedelta

import pytest

from auth.accounts.accounts import account_of, identities_of
from auth.accounts.phone_codes import add_phone, sign_in_by_phone
from auth.errors import SessionEndedError
from auth.sessions.sessions import SESSION_ENDED, SignIn, begin, by_session, live
from auth.sessions.tables import Session
from kernel.clock import CHINA, SystemClock
from kernel.crypto.keys import Keys, open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.residents import APP, LIFETIMES, OTHER, Residents
from tests.cli.operator import Operator

PHONE, OTHERS = "+8613900000001", "+8613900000002"
A_DAY_AGO = "UPDATE identity SET verified_at = verified_at - interval '1 day'"


@pytest.fixture
def keys(settings: Settings, operator: Operator) -> Keys:
    return open_keys(settings)


async def by_phone(database: Database, residents: Residents, keys: Keys, phone: str = PHONE) -> Session:
    """Sign in by a number that was just proven."""
    async with database.session() as session:
        account, identity = await sign_in_by_phone(session, residents.clock, keys, phone)
        who = SignIn(
            account_id=account.id,
            identity_id=identity.id,
            client_id=APP,
            channel="web",
            ial=account.ial,
            aal=1,
            amr=("sms",),
        )
        return await begin(session, residents.clock, who, LIFETIMES)


def days_ago(days: int) -> str:
    """Return a day as operators give it."""
    return f"{SystemClock().now().astimezone(CHINA) - timedelta(days=days):%Y-%m-%d}"


async def is_live(database: Database, residents: Residents, who: Session) -> bool:
    async with database.session() as session:
        try:
            await live(session, residents.clock, who.sid)
        except SessionEndedError:
            return False
        return True


async def test_it_lets_nobody_into_the_old_account_and_its_next_sign_in_makes_a_new_one(
    operator: Operator, database: Database, residents: Residents, keys: Keys
) -> None:
    owner = await residents.sign_in("openid-1")
    async with database.session() as session:
        await add_phone(session, residents.clock, keys, await account_of(session, owner.account_id), PHONE)
    by_number = await by_phone(database, residents, keys)
    async with database.session() as session:
        child = by_session(by_number, OTHER, "")
        at_a_site = await begin(session, residents.clock, child, LIFETIMES, parent=by_number)
    assert by_number.account_id == owner.account_id
    await database.pool.execute(A_DAY_AGO)

    said = await operator.done("phone", "recycled", "--as-of", days_ago(0), stdin="139 0000 0001\n\n+8613900000009\n")
    assert "Took 1 of 2 numbers" in said
    assert [await is_live(database, residents, each) for each in (owner, by_number, at_a_site)] == [True, False, False]
    assert await database.pool.fetchval("SELECT task FROM outbox") == SESSION_ENDED  # relying parties hear of it
    assert (await by_phone(database, residents, keys)).account_id != owner.account_id
    assert (await residents.sign_in("openid-1")).account_id == owner.account_id
    async with database.session() as session:
        assert [each.provider for each in await identities_of(session, owner.account_id)] == ["wechat"]
    assert await database.pool.fetchval("SELECT count(*) FROM identity WHERE value IS NOT NULL") == 1  # the new one's
    assert await database.pool.fetch("SELECT action, object, details FROM audit_entry") == [
        ("phone.recycled", "provider:phone", '{"taken": 1, "numbers": 2}')
    ]


async def test_other_numbers_stay_and_lines_that_are_none_are_named(
    operator: Operator, database: Database, residents: Residents, keys: Keys
) -> None:
    mine, others = await by_phone(database, residents, keys), await by_phone(database, residents, keys, OTHERS)
    await database.pool.execute(A_DAY_AGO)
    result = await operator.type(
        "phone", "recycled", "--as-of", days_ago(0), stdin=f"{PHONE}\n1390000\n{PHONE}\nnumbers of May\n"
    )
    assert result.exit_code == 1
    assert "Took 1 of 1 numbers" in result.stdout
    assert "send these lines again: 2, 4" in result.stderr
    assert "1390000" not in result.stderr
    assert [await is_live(database, residents, each) for each in (mine, others)] == [False, True]


async def test_a_list_that_comes_again_takes_nothing_from_the_new_holder(
    operator: Operator, database: Database, residents: Residents, keys: Keys
) -> None:
    old = await by_phone(database, residents, keys)
    await database.pool.execute("UPDATE identity SET verified_at = verified_at - interval '91 days'")
    assert "Took 1 of 1 numbers" in await operator.done("phone", "recycled", "--as-of", days_ago(1), stdin=PHONE)
    new = await by_phone(database, residents, keys)
    assert new.account_id != old.account_id
    assert "Took 0 of 1 numbers" in await operator.done("phone", "recycled", "--as-of", days_ago(1), stdin=PHONE)
    assert [await is_live(database, residents, each) for each in (old, new)] == [False, True]
    assert (await by_phone(database, residents, keys)).account_id == new.account_id


async def test_a_number_that_its_holder_has_proven_since_is_theirs(
    operator: Operator, database: Database, residents: Residents, keys: Keys
) -> None:
    owner = await by_phone(database, residents, keys)
    await database.pool.execute("UPDATE identity SET created_at = created_at - interval '400 days'")
    assert "Took 0 of 1 numbers" in await operator.done("phone", "recycled", "--as-of", days_ago(1), stdin=PHONE)
    assert await is_live(database, residents, owner)


async def test_the_day_is_asked_for_and_is_past(operator: Operator) -> None:
    for words in ([], ["--as-of", "May"], ["--as-of", days_ago(-2)]):
        result = await operator.type("phone", "recycled", *words, stdin=PHONE)
        assert (result.exit_code, "--as-of" in result.stderr) == (2, True)
