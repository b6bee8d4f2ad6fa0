"""Passkeys and the window in the graph: listed, told, given up, and in the copy of all that is held."""

from auth.accounts.accounts import Proven, find_identity, identities_of
from auth.accounts.passkeys import add_passkey
from auth.accounts.tables import Account
from auth.residents.shown_codes import ShownCodes
from auth.residents.windows import WINDOWS
from auth.webauthn import Made
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_ways_in import UNLINK, accounts

LISTED = "{ me { identities { id provider app current passkey { label deviceBound backedUp } } } }"
NOTICES = "{ me { securityNotices { reason provider app } } }"
WINDOW_CODE = "mutation { windowCode { code expiresIn } }"
MADE = Made(
    party_id="id.example",
    id="credential",
    public_key=b"key",
    sign_count=0,
    aaguid="00000000-0000-0000-0000-000000000000",
    backup_eligible=True,
    backed_up=False,
)


async def with_passkey(city: City) -> Account:
    """Give the one account a passkey."""
    (account,) = await accounts(city)
    async with city.gateway.database.session() as session:
        row = await session.get_one(Account, account.id)
        keys = city.gateway.environment.keys
        await add_passkey(session, SystemClock(), keys, row, made=MADE, label="Wang's key")
    return account


async def test_a_passkey_is_listed_without_its_id_or_key_and_given_up(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    account = await with_passkey(city)
    wechat, passkey = (await who.data(LISTED))["identities"]
    assert (wechat["current"], wechat["passkey"]) == (True, None)
    assert (passkey["provider"], passkey["app"], passkey["current"]) == ("passkey", "", False)
    assert passkey["passkey"] == {"label": "Wang's key", "deviceBound": False, "backedUp": False}
    held = (await who.data("{ me { export } }"))["export"]
    (row,) = held["passkeys"]
    assert (row["label"], row["backup_eligible"]) == ("Wang's key", True)
    assert {"public_key", "user_handle"}.isdisjoint(row)
    assert await who.data(UNLINK, id=passkey["id"]) is True
    notices = (await who.data(NOTICES))["securityNotices"]
    assert [(each["provider"], each["reason"]) for each in notices] == [("passkey", "unlinked"), ("passkey", "added")]
    async with city.gateway.database.session() as session:
        assert [each.provider for each in await identities_of(session, account.id)] == ["wechat"]
        assert (
            await find_identity(session, Proven(provider="passkey", tenant="id.example", subject="credential")) is None
        )


async def test_erasing_an_account_leaves_nothing_of_its_passkeys(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await with_passkey(city)
    assert await who.data("mutation { eraseAccount }") is True
    assert await city.gateway.database.pool.fetchval("SELECT count(*) FROM passkey") == 0
    assert await city.gateway.database.pool.fetchval("SELECT count(*) FROM identity WHERE subject <> ''") == 0


async def test_a_code_for_the_window_is_the_session_s_own(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    shown = await who.data(WINDOW_CODE)
    assert shown["expiresIn"] == 300
    taken = await ShownCodes(city.gateway.environment.redis, WINDOWS).take(shown["code"], "operator:test/1")
    (session,) = (await who.data("{ me { sessions { id } } }"))["sessions"]
    assert taken.sid == session["id"]
