"""``/passkeys``: who may add one, and what is left when one is removed."""

import html
import re
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlmodel import select

from auth.accounts.accounts import Proven, attach
from auth.accounts.tables import Identity, Passkey
from auth.residents.proofs import Person
from auth.residents.security_notices import security_notices
from auth.residents.shown_codes import ShownCodes
from auth.residents.windows import WINDOWS, proven
from auth.sessions.sessions import SignIn, begin, browser_lifetimes
from auth.sessions.tables import Session
from tests.sign_on.conftest import PERSON, SignOn
from tests.sign_on.passkeys import LEVELS, Resident, a_resident, error_of, refused
from tests.sign_on.relying_party import answered
from tests.sign_on.software_authenticator import Authenticator, asked, asks


async def passkeys(sign_on: SignOn) -> int:
    async with sign_on.gateway.database.session() as session:
        return len((await session.exec(select(Passkey))).all())


async def notices(resident: Resident) -> list[str]:
    account = await resident.account()
    async with resident.sign_on.gateway.database.session() as session:
        return [f"{each.provider} {each.reason}" for each in await security_notices(session, account.id)]


async def new(sign_on: SignOn, **device: Any) -> Resident:
    return Resident(sign_on, await sign_on.site(), Authenticator(**device))


async def test_what_the_browser_is_asked_to_make(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    options = asked(await resident.own_page(), "create")
    assert options["rp"] == {"name": "一网", "id": "id.example"}
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert options["user"]["name"] == "一网"
    assert str((await resident.account()).id).replace("-", "") not in options["user"]["id"]


async def test_a_passkey_is_listed_by_its_owner_s_word_recorded_and_told_to_every_channel(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    page = await resident.add(label="<b>red</b>")
    assert "&lt;b&gt;red&lt;/b&gt;" in page.text
    assert ("On this device alone" in page.text, "<b>red" in page.text) == (True, False)
    assert await notices(resident) == ["passkey added"]
    assert await sign_on.recorded("passkey.added") == 1
    async with sign_on.gateway.database.session() as session:
        (row,) = (await session.exec(select(Passkey))).all()
        assert b"red" not in row.label


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_the_page_speaks_both_languages(sign_on: SignOn, lang: str) -> None:
    resident = await new(sign_on)
    page = await resident.own_page(f"?lang={lang}")
    heading = {"zh": "我的通行密钥", "en": "Your passkeys"}[lang]
    assert f"<h1>{heading}</h1>" in page.text
    (link,) = re.findall(r'href="([^"]*)" hreflang', page.text)
    assert (await resident.browser.send("GET", html.unescape(link))).status_code == 200


@pytest.mark.parametrize(
    "lie", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verifies": False}, {"cross_origin": True}]
)
async def test_a_key_that_was_made_elsewhere_or_does_not_verify_its_owner_is_not_added(
    sign_on: SignOn, lie: dict[str, Any]
) -> None:
    resident = await new(sign_on, **lie)
    assert refused(await resident.add())
    assert await passkeys(sign_on) == 0


async def test_a_key_is_added_once_and_by_the_session_whose_page_asked_for_it(sign_on: SignOn) -> None:
    resident = await new(sign_on, synced=True)
    page = await resident.own_page()
    made = resident.device.make(asked(page, "create"))
    other = Resident(sign_on, resident.site, Authenticator(), "+8613900000002")
    assert refused(await other.browser.submit(await other.own_page(), "add", credential=made))
    assert refused(await resident.browser.submit(page, "add", credential=made))  # the challenge was used up
    await resident.add(page=await resident.own_page())
    key = resident.device.keys[-1]
    page = await resident.show(await resident.own_page("?add=1&lang=en"))
    again = replace(resident.device, keys=[])
    answer = again.make(asked(page, "create"))
    assert await passkeys(sign_on) == 1
    page = await resident.browser.submit(page, "add", credential=answer)
    assert await passkeys(sign_on) == 2
    assert [each["id"] for each in asked(page, "create")["excludeCredentials"]].count("") == 0
    assert len(asked(page, "create")["excludeCredentials"]) == 2
    assert again.keys[-1].handle == key.handle, "one account is one owner to a device"


async def test_who_was_signed_in_for_more_than_five_minutes_signs_in_again_first(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    page = await resident.own_page()
    made = resident.device.make(asked(page, "create"))
    await resident.wait(6)
    page = await resident.browser.submit(page, "add", credential=made)
    assert ('name="phone"' in page.text, "/app?" in page.text) == (True, False)
    assert await passkeys(sign_on) == 0
    assert asks(await resident.by_phone(page), "create")


async def test_the_second_key_takes_the_strongest_that_there_is(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    page = await resident.own_page()
    assert not asks(page, "create"), "a phone alone adds none beside a key"
    token = re.findall(r'name="token" value="([^"]*)"', page.text)[0]
    assert refused(await resident.browser.send("POST", "/passkeys/add?lang=en", credential="{}", token=token))
    (link,) = re.findall(r'href="(/passkeys[^"]*add=1[^"]*)"', page.text)
    page = await resident.browser.follow(await resident.browser.send("GET", html.unescape(link)))
    assert (asks(page), 'name="phone"' in page.text) == (True, False)
    lost = await resident.browser.send("GET", re.findall(r'href="(/passkeys[^"]*)"', page.text)[0])
    assert "/remove?" in lost.text, "who has lost it can give it up by what is left"
    page = await resident.show(page)
    assert asks(page, "create")
    await resident.wait(6)
    page = await resident.own_page()  # by phone again: fresh, and no longer by the key
    assert (await resident.session()).aal == 1
    assert not asks(page, "create")


async def test_whose_person_is_proven_shows_two_factors_even_to_look(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    await resident.own_page()
    await resident.at_window()
    session = await resident.session()
    assert (session.ial, session.aal, session.amr) == (4, 2, ["sms", "window", "mfa"])
    async with sign_on.gateway.database.session() as database:
        row = await database.get_one(Session, session.sid)
        row.aal, row.amr = 1, ["sms"]  # as it is where WeChat alone has signed in
        database.add(row)
    page = await resident.own_page()
    assert (asks(page, "create"), "/window?" in page.text, "/app?" in page.text) == (False, True, False)
    page = await resident.browser.submit(page, "cancel")
    assert (page.url.path, "nothing was changed" in page.text) == ("/passkeys", True)


async def test_the_window_is_a_second_factor_for_whom_no_camera_shall_look_at(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    page = await resident.by_phone(await resident.come(claims=LEVELS % "L3"))
    shown = await resident.browser.submit(page, "window")
    (code,) = re.findall(r'<p class="code">([^<]*)</p>', shown.text)
    environment = sign_on.environment()
    sid = (await ShownCodes(environment.redis, WINDOWS).take(code, "operator:test/1")).sid
    async with sign_on.gateway.database.session() as session:
        await proven(session, environment.clock, environment.keys, sid, Person(*PERSON))
    (link,) = re.findall(r'<p><a href="([^"]*)"', shown.text)
    claims = await resident.claims(await resident.browser.send("GET", html.unescape(link)))
    assert (claims["acr"], claims["ial"], claims["amr"]) == ("L3", 4, ["sms", "window", "mfa"])


async def test_one_s_own_page_shows_a_code_for_the_window(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    page = await resident.browser.submit(await resident.own_page(), "window")
    assert re.search(r'<p class="code">[A-Z0-9]{5}-[A-Z0-9]{5}</p>', page.text)


async def test_a_browser_that_an_app_has_signed_in_adds_no_passkey_and_shows_no_code(sign_on: SignOn) -> None:
    resident = await new(sign_on)
    page = await resident.own_page()
    made = resident.device.make(asked(page, "create"))
    await _chained(resident)
    for step, values in (("add", {"credential": made}), ("window", {}), ("remove", {"passkey": "x"})):
        answer = await resident.browser.submit(page, step if step != "remove" else "add", **values)
        assert 'name="phone"' in answer.text, step
    page = await resident.browser.follow(await resident.browser.send("GET", "/passkeys?lang=en"))
    assert ('name="phone"' in page.text, "/app?" in page.text) == (True, False)
    back = await resident.browser.send("POST", f"{page.url.path}/app?lang=en")
    assert "code" not in (await resident.browser.follow(back)).url.query.decode()
    assert await passkeys(sign_on) == 0
    page = await resident.by_phone(page)
    assert asks(page, "create"), "who signs in here itself has a session of their own"
    assert (await resident.session()).parent_sid is None


async def test_a_passkey_in_a_browser_of_an_app_s_opens_a_session_of_its_own(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, seen=True)
    first = await resident.session()
    await _chained(resident)
    page = await resident.come(claims=LEVELS % "L4")
    claims = await resident.claims(await resident.show(page))
    assert (claims["acr"], claims["amr"]) == ("L4", ["hwk", "user", "mfa"])
    assert claims["sid"] != first.sid


async def _chained(resident: Resident) -> None:
    """Have the browser's session come from an app's."""
    owner, environment = await resident.session(), resident.sign_on.environment()
    async with resident.sign_on.gateway.database.session() as session:
        who = SignIn(
            account_id=owner.account_id, client_id=owner.client_id, channel="web", ial=1, aal=1, amr=("wx",)
        )  # fmt: skip
        parent = await begin(session, environment.clock, who, browser_lifetimes(environment.settings))
        row = await session.get_one(Session, owner.sid)
        row.parent_sid = parent.sid
        session.add(row)


async def removed(resident: Resident, page: httpx.Response) -> httpx.Response:
    """Press the first passkey's button."""
    return await resident.browser.submit(page, "remove")


async def test_removing_the_key_ends_what_it_opened_or_raised_and_l4_with_it(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, seen=True)
    clock, account = sign_on.environment().clock, await resident.account()
    async with sign_on.gateway.database.session() as session:
        attach(session, clock, account, Proven(provider="wechat", tenant="wx1", subject="openid"))
    raised = await resident.claims(await resident.show(await resident.come(claims=LEVELS % "L4")))
    key, kept = resident.browser, resident.device
    resident.browser = sign_on.browser()
    opened = await resident.claims(await resident.show(await resident.come(claims=LEVELS % "L4")))
    assert (raised["acr"], opened["acr"], raised["sid"] == opened["sid"]) == ("L4", "L4", False)
    page = await removed(resident, await resident.own_page())
    assert 'name="phone"' in page.text, "it has signed this browser out too"
    async with sign_on.gateway.database.session() as session:
        for sid in (raised["sid"], opened["sid"]):
            assert (await session.get_one(Session, sid)).end_reason == "unlinked"
        row = (await session.exec(select(Identity).where(Identity.provider == "passkey"))).one()
        assert row.revoke_reason == "unlinked"
    assert await passkeys(sign_on) == 0
    assert await sign_on.recorded("identity.unlinked") == 1
    resident.browser = key
    page = await resident.come(claims=LEVELS % "L4", prompt="none")
    assert error_of(page) == "login_required"
    resident.device = kept
    assert refused(await resident.show(await resident.come()))


@pytest.mark.parametrize("what", ["add", "remove", "window"])
async def test_another_site_s_form_changes_no_key(sign_on: SignOn, what: str) -> None:
    resident = await a_resident(sign_on)
    page = await resident.own_page()
    key = re.findall(r'name="passkey" value="([^"]*)"', page.text)[0]
    for token in ("", "guessed"):
        answer = await resident.browser.send("POST", f"/passkeys/{what}?lang=en", passkey=key, token=token)
        assert (answer.status_code, "/remove?" in answer.text) == (200, True)
    assert await passkeys(sign_on) == 1


async def test_the_last_way_in_and_another_s_key_are_not_removed(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    other = await a_resident(sign_on, phone="+8613900000002", site="other")
    page = await resident.own_page()
    theirs = re.findall(r'name="passkey" value="([^"]*)"', (await other.own_page()).text)[0]
    assert refused(await resident.browser.submit(page, "remove", passkey=theirs), "IDENTITY_UNKNOWN")
    async with sign_on.gateway.database.session() as session:
        for row in (await session.exec(select(Identity).where(Identity.provider == "phone"))).all():
            row.revoked_at = sign_on.environment().clock.now()
            session.add(row)
    assert refused(await removed(resident, page), "UNLINK_REFUSED")
    assert await passkeys(sign_on) == 2
    assert "code" in answered(await resident.come())
