"""``yiwang account`` as an operator meets it."""

import json

import pytest

from auth.accounts.accounts import account_of
from auth.accounts.merging import merge
from auth.clients.pairwise import pairwise_subject
from auth.errors import AccountClosedError, AccountUsedError, MergeFinalError, UnknownAccountError
from auth.sessions.sessions import SESSION_ENDED, sessions_of
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.ids import uuid7
from kernel.settings import Settings
from tests.auth.residents import Residents
from tests.cli.operator import Operator


async def test_a_frozen_account_is_signed_out_everywhere_until_it_is_thawed(
    operator: Operator, database: Database, residents: Residents
) -> None:
    owner = await residents.sign_in("openid-1")
    account_id = str(owner.account_id)
    assert f"signed in at {owner.client_id} through wechat" in await operator.done("account", "show", account_id)
    assert "yiwang account thaw" in await operator.done("account", "freeze", account_id)
    async with database.session() as session:
        assert await sessions_of(session, residents.clock, owner.account_id) == []
    assert await database.pool.fetchval("SELECT task FROM outbox") == SESSION_ENDED  # relying parties hear of it
    shown = await operator.done("account", "show", account_id)
    assert "frozen" in shown
    assert "signed in at" not in shown
    assert isinstance((await operator.type("account", "freeze", account_id)).exception, AccountClosedError)
    await operator.done("account", "thaw", account_id)
    async with database.session() as session:
        assert (await account_of(session, owner.account_id)).status == "active"
    assert isinstance((await operator.type("account", "thaw", account_id)).exception, UnknownAccountError)
    actions = await database.pool.fetch("SELECT action FROM audit_entry ORDER BY seq")
    assert [row["action"] for row in actions] == ["account.frozen", "account.thawed"]


async def test_a_merge_is_undone_within_thirty_days(
    operator: Operator, database: Database, residents: Residents
) -> None:
    kept, gone = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    async with database.session() as session:
        subject = await pairwise_subject(session, residents.clock, "a.example", gone.account_id)
        await merge(session, residents.clock, kept.account_id, gone.account_id, "merge.proven-together")
    assert (await residents.sign_in("openid-2")).account_id == kept.account_id
    shown = await operator.done("account", "show", str(gone.account_id))
    assert f"merged into {kept.account_id}; can be undone until" in shown
    said = await operator.done("account", "unmerge", str(gone.account_id))
    assert "Moved back: its sign-in by wechat (1); names at departments: 1" in said
    assert "Unlinked, being either's: nothing" in said
    assert f"Stays with {kept.account_id}: the lists of sessions and consents since" in said
    async with database.session() as session:
        assert await pairwise_subject(session, residents.clock, "a.example", gone.account_id) == subject
        assert await sessions_of(session, residents.clock, kept.account_id) == []
    assert (await residents.sign_in("openid-2")).account_id == gone.account_id
    row = await database.pool.fetchrow("SELECT action, object, details FROM audit_entry")
    details = {"kept": str(kept.account_id), "names": 1, "unlinked": 0}
    assert (row["action"], row["object"]) == ("account.unmerged", f"account:{gone.account_id}")
    assert json.loads(row["details"]) == details
    assert isinstance((await operator.type("account", "unmerge", str(gone.account_id))).exception, MergeFinalError)


async def test_a_merge_stays_after_thirty_days(operator: Operator, database: Database, residents: Residents) -> None:
    kept, gone = await residents.sign_in("openid-1"), await residents.sign_in("openid-2")
    async with database.session() as session:
        await merge(session, residents.clock, kept.account_id, gone.account_id, "merge.proven-together")
    await database.pool.execute("UPDATE account_merge SET at = at - interval '30 days'")
    refused = (await operator.type("account", "unmerge", str(gone.account_id))).exception
    assert isinstance(refused, MergeFinalError)
    assert "has been final since" in refused.message
    assert await database.pool.fetchval("SELECT count(*) FROM audit_entry") == 0


@pytest.mark.usefixtures("library")
async def test_an_account_that_nobody_ever_used_is_erased_with_its_mandates(
    operator: Operator, database: Database, residents: Residents, settings: Settings
) -> None:
    agent = str((await residents.sign_in("openid-1")).account_id)
    terms = ("--evidence", "court-order", "--reference", "1", "--scope", "library", "--purpose", "books", "--days", "9")
    child = "李小满\n310101201906010025"
    await operator.done("mandate", "grant", "child", "--for", "-", "--agent", agent, *terms, stdin=child)
    waits = str(await database.pool.fetchval("SELECT id FROM account WHERE id_number IS NOT NULL"))
    assert waits in await operator.done("account", "erase", waits)
    row = await database.pool.fetchrow(
        "SELECT status, name, id_number, id_number_index FROM account WHERE id = $1", waits
    )
    assert tuple(row) == ("erased", None, None, None)
    assert await database.pool.fetchval("SELECT count(*) FROM mandate WHERE revoked_at IS NULL") == 0
    entry = await database.pool.fetchrow("SELECT action, object FROM audit_entry ORDER BY seq DESC LIMIT 1")
    assert tuple(entry) == ("account.erased", f"account:{waits}")
    assert isinstance((await operator.type("account", "erase", waits)).exception, AccountClosedError)
    assert isinstance((await operator.type("account", "erase", agent)).exception, AccountUsedError)


async def test_nothing_personal_is_shown(
    operator: Operator, database: Database, residents: Residents, settings: Settings
) -> None:
    owner = await residents.sign_in("openid-of-somebody")
    cipher = open_keys(settings).cipher
    name = cipher.seal("account.name", owner.account_id, "王秀英")
    number = cipher.seal("account.id_number", owner.account_id, "110101195003071227")
    await database.pool.execute(
        "UPDATE account SET name = $1, id_number = $2, ial = 3, proof_source = 'register', proofed_at = now()",
        name,
        number,
    )
    shown = await operator.done("account", "show", str(owner.account_id))
    assert "identity assurance level 3, by register" in shown
    assert "signs in by wechat (1)" in shown
    for personal in ("王秀英", "110101195003071227", "openid-of-somebody"):
        assert personal not in shown


async def test_what_is_no_account_is_said_to_be_none(operator: Operator) -> None:
    assert isinstance((await operator.type("account", "show", str(uuid7()))).exception, UnknownAccountError)
    assert (await operator.type("account", "show", "13900000001")).exit_code == 2
