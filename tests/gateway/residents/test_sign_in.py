"""Signing in by a mini-program, end to end: a phone of the simulated WeChat, its API on a real socket, the graph."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from auth.accounts.tables import Account, Identity
from auth.sessions.tables import RefreshToken, Session, TokenFamily
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import SIGN_IN, WECHAT, Phones, Resident, ask, code, sign_in

REFRESH = """mutation ($app: String!, $token: String!) {
  refresh(app: $app, token: $token) { accessToken refreshToken session { id } }
}"""


async def count(city: City, table: Any) -> int:
    async with city.gateway.database.session() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def refresh(who: Resident, token: str = "") -> dict[str, Any]:
    return await ask(who.city, REFRESH, app=who.app, token=token or who.given["refreshToken"])


async def test_a_resident_signs_in_by_wechat(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    given = who.given
    assert given["session"] == {"id": given["session"]["id"], "app": WECHAT, "level": "L1", "current": True}
    assert given["expiresIn"] == 300
    assert given["refreshToken"].startswith("yr_")
    assert await who.data("mutation { signOut }") is True


async def test_the_same_person_comes_back_to_the_same_account(city: City, phones: Phones) -> None:
    for _ in range(2):
        await sign_in(city, phones, "wang")
    await sign_in(city, phones, "li")
    assert await count(city, Account) == 2
    assert await count(city, Session) == 3


async def test_one_code_sent_fifty_times_at_once_is_one_session(city: City, phones: Phones) -> None:
    given = phones.code("wang")
    results = await asyncio.gather(*(ask(city, SIGN_IN, app=WECHAT, code=given) for _ in range(50)))
    assert len({result["data"]["signIn"]["refreshToken"] for result in results}) == 1
    assert await count(city, Session) == 1
    assert await count(city, RefreshToken) == 1


async def test_codes_that_nobody_gave_out_and_apps_that_there_are_not_are_refused(city: City, phones: Phones) -> None:
    assert code(await ask(city, SIGN_IN, app=WECHAT, code="made up")) == "HOST_CODE_REFUSED"
    assert code(await ask(city, SIGN_IN, app="wx", code=phones.code("wang"))) == "APP_UNKNOWN"
    assert code(await ask(city, SIGN_IN, app="web", code="any")) == "HOST_LACKS_THIS"
    assert await count(city, Identity) == 0


async def test_fifty_refreshes_at_once_have_one_successor(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    results = await asyncio.gather(*(refresh(who) for _ in range(50)))
    assert len({result["data"]["refresh"]["refreshToken"] for result in results}) == 1
    assert await count(city, RefreshToken) == 2
    again = Resident(city, results[0]["data"]["refresh"], WECHAT)
    assert await again.data("mutation { signOut }") is True


async def test_a_refresh_token_that_is_used_late_ends_its_whole_family(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    following = (await refresh(who))["data"]["refresh"]
    async with city.gateway.database.session() as session:
        for row in (await session.exec(select(RefreshToken).where(RefreshToken.used_at != None))).all():  # noqa: E711 - SQL's
            row.used_at = SystemClock().now() - timedelta(seconds=11)
            session.add(row)
    assert code(await refresh(who)) == "REFRESH_REFUSED"
    assert code(await refresh(who, following["refreshToken"])) == "REFRESH_REFUSED"
    async with city.gateway.database.session() as session:
        (family,) = (await session.exec(select(TokenFamily))).all()
    assert family.revoke_reason == "reuse"
    async with asyncio.timeout(1):
        while await Resident(city, following, WECHAT).code("mutation { signOut }") != "TOKEN_REFUSED":
            await asyncio.sleep(0.02)


async def test_a_refresh_token_is_worth_nothing_at_another_app(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    assert code(await ask(city, REFRESH, app="web", token=who.given["refreshToken"])) == "REFRESH_REFUSED"
    assert code(await refresh(who, "yr_made_up")) == "REFRESH_REFUSED"
    assert "errors" not in await refresh(who)


async def test_one_session_ends_another_of_the_same_resident_only(city: City, phones: Phones) -> None:
    one, two, other = [await sign_in(city, phones, each) for each in ("wang", "wang", "li")]
    end = "mutation ($id: ID!) { endSession(id: $id) }"
    assert await one.data(end, id=other.given["session"]["id"]) is False
    assert await one.data(end, id=two.given["session"]["id"]) is True
    assert code(await refresh(two)) == "REFRESH_REFUSED"
    assert "errors" not in await refresh(other)
    assert await one.data("mutation { signOutEverywhere }") == 1
    assert code(await refresh(one)) == "REFRESH_REFUSED"


async def test_what_no_line_of_text_holds_is_refused(city: City, phones: Phones) -> None:
    label = SIGN_IN.replace('"Phone"', r'"a\u0000b"')
    assert code(await ask(city, label, app=WECHAT, code=phones.code("wang"))) == "ARGUMENT_REFUSED"
    who = await sign_in(city, phones, "wang")
    for field in ("endSession(id: $text)", "openPage(client: $text)"):
        kind = "ID!" if "id" in field else "String!"
        assert await who.code(f"mutation ($text: {kind}) {{ {field} }}", text="a\0b") == "ARGUMENT_REFUSED"


@pytest.mark.parametrize("field", ["signOut", 'endSession(id: "x")', "signOutEverywhere"])
async def test_a_stranger_signs_nobody_out(city: City, field: str) -> None:
    assert code(await ask(city, f"mutation {{ {field} }}")) == "SIGN_IN_NEEDED"


async def test_changes_are_few_and_of_one_side(city: City, phones: Phones) -> None:
    many = " ".join(f'a{each}: refresh(app: "web", token: "x") {{ expiresIn }}' for each in range(11))
    assert code(await ask(city, f"mutation {{ {many} }}")) == "OPERATION_TOO_LARGE"
