"""Residents sign in with passkeys and reach L4; an answer that is not theirs, from elsewhere or too old is refused."""

import html
import json
import re
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlmodel import select

from auth.accounts.tables import Account, Identity, Passkey
from auth.provider.passkeys import CHALLENGE_SECONDS
from auth.webauthn import party_of
from tests.sign_on.conftest import SignOn
from tests.sign_on.later import later
from tests.sign_on.passkeys import LEVELS, Resident, a_resident, error_of, refused
from tests.sign_on.relying_party import answered
from tests.sign_on.software_authenticator import Authenticator, asked, asks, decode


async def away(resident: Resident) -> httpx.Response:
    """Come from the site in a browser that nobody is signed in in."""
    resident.browser = resident.sign_on.browser()
    return await resident.come()


@pytest.mark.parametrize(
    ("synced", "aal", "methods"), [(False, 3, ["hwk", "user", "mfa"]), (True, 2, ["swk", "user", "mfa"])]
)
async def test_a_passkey_alone_is_two_factors_and_three_levels_if_it_stays_on_its_device(
    sign_on: SignOn, synced: bool, aal: int, methods: list[str]  # noqa: FBT001 - drawn by name
) -> None:  # fmt: skip
    resident = await a_resident(sign_on, synced=synced)
    account = await resident.account()
    page = await away(resident)
    assert asked(page) == {
        "challenge": asked(page)["challenge"],
        "rpId": "id.example",
        "timeout": 300_000,
        "userVerification": "required",
        "allowCredentials": [],
    }
    claims = await resident.claims(await resident.show(page))
    assert (claims["aal"], claims["amr"], claims["acr"], claims["ial"]) == (aal, methods, "L1", 1)
    assert (await resident.account()).id == account.id


async def test_the_page_is_whole_without_javascript_and_allows_no_script_but_its_own(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    page = await away(resident)
    assert '<form hidden method="post"' in page.text
    policy = page.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "script-src 'self'"
    )
    assert "<script>" not in page.text
    script = await sign_on.client.get("/sign-in/passkey.js")
    assert (script.status_code, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    answer = await resident.by_phone(page)
    assert "code" in answered(answer)


def test_there_are_no_passkeys_where_the_issuer_is_an_address() -> None:
    assert party_of("http://127.0.0.1:8000") is None
    assert party_of("https://[::1]") is None
    party = party_of("http://localhost:8000")
    assert party is not None
    assert (party.id, party.origin) == ("localhost", "http://localhost:8000")


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://id.example.evil.example"},
    "another port": {"origin": "https://id.example:8443"},
    "a frame of another site": {"cross_origin": True},
    "another relying party": {"rp_id": "evil.example"},
    "an owner who was not verified": {"verifies": False},
    "a key that has become a synced one": {"synced": True},
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_from_elsewhere_or_of_a_locked_key_is_refused(sign_on: SignOn, lie: str) -> None:
    resident = await a_resident(sign_on)
    page, device = await away(resident), resident.device
    resident.device = replace(device, **LIES[lie])
    page = await resident.show(page)
    assert refused(page)
    resident.device = device
    assert "code" in answered(await resident.show(page))


async def test_a_challenge_is_good_once_for_five_minutes_and_in_its_own_browser(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    page = await away(resident)
    answer = resident.device.sign(asked(page))
    other = Resident(sign_on, resident.site, resident.device)
    theirs = await other.come()
    assert refused(await other.browser.submit(theirs, "passkey", credential=answer))
    assert refused(await resident.browser.submit(page, "passkey", credential=answer))  # the other's try has used it up

    page = await resident.come()
    answer = resident.device.sign(asked(page))
    assert "code" in answered(await resident.browser.submit(page, "passkey", credential=answer))
    page = await away(resident)
    assert refused(await resident.browser.submit(page, "passkey", credential=answer))

    page = await away(resident)
    await later(sign_on.environment().redis, CHALLENGE_SECONDS + 1)
    assert refused(await resident.show(page))


async def test_a_key_that_nobody_has_or_that_signs_for_another_opens_nothing(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    stranger, key = Authenticator(), resident.device.keys[-1]
    page = await away(resident)
    options = asked(page)
    stranger.make({"user": {"id": options["challenge"]}, "rp": {"id": "id.example"}, "challenge": "AA"})
    page = await resident.browser.submit(page, "passkey", credential=stranger.sign(options))
    assert refused(page)
    forged = replace(key, private=stranger.keys[-1].private)
    for each in (forged, replace(key, handle=b"another account")):
        page = await resident.show(page, key=each)
        assert refused(page)
    assert "code" in answered(await resident.show(page, names_owner=False))


@pytest.mark.parametrize(
    "credential",
    ["", "{}", "[]", "null", "{" * 5000, '{"id":"AA","rawId":"AA","type":"public-key","response":{}}', "\x00"],
)
async def test_rubbish_is_refused(sign_on: SignOn, credential: str) -> None:
    resident = Resident(sign_on, await sign_on.site(), Authenticator())
    assert refused(await resident.browser.submit(await resident.come(), "passkey", credential=credential))


async def test_rubbish_inside_an_answer_is_refused(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    page = await away(resident)
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        for rubbish in ("", "AA", "====", "!!", "oWFhoWFhoWFh"):
            answer = json.loads(resident.device.sign(asked(page)))
            answer["response"][name] = rubbish
            page = await resident.browser.submit(page, "passkey", credential=json.dumps(answer))
            assert refused(page), (name, rubbish)


async def test_a_counter_that_goes_back_gives_the_key_up_and_says_so(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    await resident.show(await away(resident))
    held, page = await resident.session(), await away(resident)
    copy = replace(resident.device.keys[-1], count=0)
    page = await resident.show(page, key=copy)
    assert refused(page, "PASSKEY_CLONED")
    assert await sign_on.recorded("passkey.cloned") == 1
    assert refused(await resident.show(page)), "the key that was copied is given up too: which is which, nobody knows"
    async with sign_on.gateway.database.session() as session:
        row = (await session.exec(select(Identity).where(Identity.provider == "passkey"))).one()
        assert row.revoke_reason == "cloned"
        assert (await session.exec(select(Passkey))).all() == []
        assert (await session.get_one(type(held), held.sid)).end_reason == "cloned"


async def test_a_key_without_a_counter_has_none_to_go_back(sign_on: SignOn) -> None:
    resident = Resident(sign_on, await sign_on.site(), Authenticator(counts=False, synced=True))
    await resident.add()
    for _ in range(2):
        assert "code" in answered(await resident.show(await away(resident)))


async def test_a_passkey_raises_the_session_that_is_there(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    before = await resident.claims(await resident.come())
    assert (before["amr"], before["aal"]) == (["sms"], 1)
    await resident.wait(10)
    page = await resident.come(max_age=60)
    after = await resident.claims(await resident.show(page))
    assert (after["sid"], after["amr"], after["aal"]) == (before["sid"], ["sms", "hwk", "user", "mfa"], 3)
    assert after["auth_time"] > before["auth_time"] - 600


async def test_a_passkey_of_another_account_changes_the_account_at_the_first_page_and_steps_nobody_up(
    sign_on: SignOn,
) -> None:
    resident = await a_resident(sign_on, seen=True)
    other = await a_resident(sign_on, phone="+8613900000002", site="other")
    first = await resident.session()
    page = await resident.come(claims=LEVELS % "L4")
    assert [decode(each["id"]) for each in asked(page)["allowCredentials"]] == [resident.device.keys[-1].id]
    page = await resident.browser.submit(page, "passkey", credential=other.device.sign(asked(page)))
    assert refused(page)
    assert (await resident.session()).sid == first.sid
    page = await resident.come(prompt="login")
    page = await resident.browser.submit(page, "passkey", credential=other.device.sign(asked(page)))
    assert "code" in answered(page)
    assert (await resident.account()).id == (await other.account()).id


async def test_l4_takes_the_window_and_a_key_that_stays_on_its_device(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, seen=True)
    page = await resident.come(claims=LEVELS % "L4")
    assert (asks(page), 'name="agreed"' in page.text, "/app?" in page.text) == (True, False, False)
    claims = await resident.claims(await resident.show(page))
    assert (claims["acr"], claims["ial"], claims["aal"]) == ("L4", 4, 3)
    assert (await resident.claims(await resident.come(claims=LEVELS % "L4")))["sid"] == claims["sid"]
    page = await away(resident)
    assert (await resident.claims(await resident.show(page)))["acr"] == "L4"


async def test_l4_is_out_of_reach_for_whom_nobody_has_seen_in_person(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    assert error_of(await resident.come(claims=LEVELS % "L4")) == "unmet_authentication_requirements"
    claims = await resident.claims(await resident.show(await away(resident)))
    assert (claims["acr"], claims["aal"]) == ("L1", 3)
    assert error_of(await resident.come(claims=LEVELS % "L4")) == "unmet_authentication_requirements"
    assert "code" in answered(await resident.come(acr_values="L4"))


async def test_who_cannot_or_does_not_want_to_reach_l4_is_told_to_the_site(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, synced=True, seen=True)
    page = await resident.come(claims=LEVELS % "L4")
    assert (asks(page), "/passkeys?add=1" in page.text) == (False, True), "a synced key does not help"
    assert error_of(await resident.browser.submit(page, "cancel")) == "access_denied"
    page = await resident.come(acr_values="L4")
    assert "code" in answered(await resident.browser.submit(page, "without"))
    assert error_of(await resident.come(claims=LEVELS % "L4", prompt="none")) == "interaction_required"


async def test_a_key_that_is_made_on_the_way_leads_back_and_up_to_l4(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, synced=True, seen=True)
    page = await resident.come(claims=LEVELS % "L4")
    back = page.url.path
    await resident.wait(6)
    (link,) = re.findall(r'href="(/passkeys[^"]*)"', page.text)
    page = await resident.browser.follow(await resident.browser.send("GET", html.unescape(link)))
    page = await resident.show(page)  # two factors, as the account is proven
    synced, resident.device = resident.device, Authenticator()
    page = await resident.add(page, "blue key")
    assert f'href="{back}?lang=en"' in page.text
    assert ("Synced among your devices" in page.text, "On this device alone" in page.text) == (True, True)
    page = await resident.browser.send("GET", f"{back}?lang=en")
    assert refused(await resident.browser.submit(page, "passkey", credential=synced.sign(asked(page)))) is False
    page = await resident.browser.send("GET", f"{back}?lang=en")
    claims = await resident.claims(await resident.show(page))
    assert (claims["acr"], claims["aal"]) == ("L4", 3)


async def test_a_passkey_stands_in_for_the_face_check_of_an_account_that_is_proven(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on, synced=True, seen=True)
    resident.browser = sign_on.browser()
    claims = await resident.claims(await resident.show(await resident.come(claims=LEVELS % "L3")))
    assert (claims["acr"], claims["ial"], claims["aal"]) == ("L3", 4, 2)


async def test_a_frozen_account_is_opened_by_no_passkey(sign_on: SignOn) -> None:
    resident = await a_resident(sign_on)
    account = await resident.account()
    page = await away(resident)
    async with sign_on.gateway.database.session() as session:
        row = await session.get_one(Account, account.id)
        row.status = "frozen"
        session.add(row)
    assert refused(await resident.show(page), "ACCOUNT_CLOSED")
