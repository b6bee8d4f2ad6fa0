"""One-time tickets into web views, and signing out: at a site, at the provider, everywhere."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from auth.errors import TicketRefusedError
from auth.provider.tickets import issue_ticket
from auth.sessions.sessions import end, live
from auth.sessions.tables import Session
from gateway.http.sign_on.texts import TEXTS
from kernel.clock import SystemClock
from tests.sign_on.conftest import ISSUER, SignOn
from tests.sign_on.later import later
from tests.sign_on.relying_party import Browser, Site, answered

LEFT = "https://site.example/left"
CLOCK = SystemClock()
OTHER = "13900000002"


async def signed_in(sign_on: SignOn) -> str:
    """Sign somebody in at another site, as a mini-program's session would be; return its sid."""
    site = await sign_on.site("first")
    tokens = await sign_on.tokens(sign_on.browser(), site)
    return str((await sign_on.claims(tokens["id_token"]))["sid"])


async def ticket(sign_on: SignOn, sid: str, client_id: str = "site", target: str = "") -> str:
    async with sign_on.gateway.database.session() as session:
        owner = await live(session, CLOCK, sid)
        return await issue_ticket(session, sign_on.environment(), owner, client_id, target)


async def is_live(sign_on: SignOn, sid: str) -> bool:
    async with sign_on.gateway.database.session() as session:
        row = await session.get(Session, sid)
    return row is not None and row.ended_at is None


async def test_a_ticket_signs_a_web_view_in_and_never_reaches_the_site(sign_on: SignOn) -> None:
    sid, site, browser = await signed_in(sign_on), await sign_on.site(), sign_on.browser()
    secret = await ticket(sign_on, sid, target="https://site.example/case/7")
    opened = await browser.send("GET", f"/sso/t?ticket={secret}")
    where = urlsplit(opened.headers["location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == site.row.initiate_login_uri
    assert parse_qs(where.query) == {"iss": [ISSUER], "target_link_uri": ["https://site.example/case/7"]}
    assert (opened.headers["referrer-policy"], opened.headers["cache-control"]) == ("no-referrer", "no-store")
    page = await sign_on.through(browser, site.authorize()[0])
    assert "code" in answered(page)
    url, kept = site.authorize(prompt="none")
    tokens = (await site.redeem(answered(await browser.send("GET", url))["code"], kept["verifier"])).json()
    claims = await sign_on.claims(tokens["id_token"])
    assert claims["amr"] == ["sms", "ticket"]
    assert claims["sid"] != sid


@pytest.mark.case("SSO-17")
async def test_a_ticket_that_comes_twice_ends_the_session_that_it_opened(sign_on: SignOn) -> None:
    sid, site, browser = await signed_in(sign_on), await sign_on.site(), sign_on.browser()
    secret = await ticket(sign_on, sid)
    assert (await browser.send("GET", f"/sso/t?ticket={secret}")).status_code == 303
    again = await sign_on.browser().send("GET", f"/sso/t?ticket={secret}")
    assert (again.status_code, "location" in again.headers) == (400, False)
    answer = answered(await browser.send("GET", site.authorize(prompt="none")[0]))
    assert answer["error"] == "login_required"
    assert await is_live(sign_on, sid)
    assert await sign_on.recorded("ticket.reused") == 1


@pytest.mark.case("SSO-18")
async def test_a_ticket_leads_to_its_own_client_within_a_minute(sign_on: SignOn) -> None:
    sid = await signed_in(sign_on)
    await sign_on.site()
    evil = ("https://evil.example/", "https://site.example.evil.example/", "//evil.example", "https://site.examplex/")
    for target in evil:
        with pytest.raises(TicketRefusedError, match="not one of this client"):
            await ticket(sign_on, sid, target=target)
    with pytest.raises(TicketRefusedError, match="no page"):
        await ticket(sign_on, sid, client_id="unknown")
    early, late = await ticket(sign_on, sid), await ticket(sign_on, sid)
    await later(sign_on.environment().redis, 55)
    assert (await sign_on.browser().send("GET", f"/sso/t?ticket={early}")).status_code == 303
    await later(sign_on.environment().redis, 6)
    refused = await sign_on.browser().send("GET", f"/sso/t?ticket={late}")
    assert (refused.status_code, "TICKET_REFUSED" in refused.text) == (400, True)
    assert ("location" in refused.headers, "set-cookie" in refused.headers) == (False, False)


async def test_the_end_of_the_app_s_session_is_the_end_of_the_web_view_s(sign_on: SignOn) -> None:
    sid, site, browser = await signed_in(sign_on), await sign_on.site(), sign_on.browser()
    await browser.send("GET", f"/sso/t?ticket={await ticket(sign_on, sid)}")
    async with sign_on.gateway.database.session() as session:
        assert len(await end(session, CLOCK, [sid], "signed_out")) == 2
    answer = answered(await browser.send("GET", site.authorize(prompt="none")[0]))
    assert answer["error"] == "login_required"


async def leave(browser: Browser, method: str = "GET", **params: str) -> tuple[int, str]:
    """Send a logout request; return the status and where it leads."""
    answer = await browser.send(method, f"/oauth/logout?{urlencode(params)}")
    return answer.status_code, answer.headers.get("location", "")


async def site_and_token(sign_on: SignOn) -> tuple[Site, Browser, str]:
    site, browser = await sign_on.site(), sign_on.browser()
    return site, browser, (await sign_on.tokens(browser, site))["id_token"]


async def test_a_site_signs_its_resident_out_and_gets_them_back(sign_on: SignOn) -> None:
    site, browser, token = await site_and_token(sign_on)
    where = await leave(browser, id_token_hint=token, post_logout_redirect_uri=LEFT, state="s1")
    assert where == (303, f"{LEFT}?state=s1")
    assert answered(await browser.send("GET", site.authorize(prompt="none")[0]))["error"] == "login_required"


@pytest.mark.case("SSO-21")
@pytest.mark.parametrize("uri", [f"{LEFT}/", f"{LEFT}?added=1", "https://evil.example/", LEFT.upper(), "//x"])
async def test_a_logout_leads_only_where_it_is_registered(sign_on: SignOn, uri: str) -> None:
    _, browser, token = await site_and_token(sign_on)
    assert await leave(browser, id_token_hint=token, post_logout_redirect_uri=uri) == (400, "")


@pytest.mark.case("SSO-20")
async def test_a_forged_hint_leads_nowhere_and_signs_nobody_out(sign_on: SignOn) -> None:
    site, browser, token = await site_and_token(sign_on)
    claims = await sign_on.claims(token)
    head, body, _ = token.split(".")
    kid = RSAKey.generate_key(2048)
    forged = [
        f"eyJhbGciOiJub25lIn0.{body}.",
        jwt.encode({"alg": "RS256", "kid": kid.thumbprint()}, claims, kid),
        f"{head}.{body}.AAAA",
        "rubbish",
    ]
    for hint in forged:
        assert await leave(browser, id_token_hint=hint, post_logout_redirect_uri=LEFT) == (400, "")
    assert "code" in answered(await browser.send("GET", site.authorize(prompt="none")[0]))


@pytest.mark.case("SSO-22")
async def test_without_a_hint_the_resident_is_asked(sign_on: SignOn) -> None:
    site, browser, _ = await site_and_token(sign_on)
    page = await browser.send("GET", f"/oauth/logout?{urlencode({'post_logout_redirect_uri': LEFT})}")
    assert (page.status_code, "location" in page.headers) == (200, False)
    assert "code" in answered(await browser.send("GET", site.authorize(prompt="none")[0]))
    done = await browser.submit(page)
    assert (done.status_code, "location" in done.headers) == (200, False)
    assert answered(await browser.send("GET", site.authorize(prompt="none")[0]))["error"] == "login_required"


async def test_another_site_s_sign_in_ends_with_the_session_too(sign_on: SignOn) -> None:
    _, browser, token = await site_and_token(sign_on)
    other = await sign_on.site("other")
    tokens = await sign_on.tokens(browser, other)
    await leave(browser, id_token_hint=token)
    assert (await other.userinfo(tokens["access_token"])).status_code == 401
    assert (await other.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_ticket_of_another_account_asks_before_it_changes_who_is_signed_in(sign_on: SignOn) -> None:
    sid, browser = await signed_in(sign_on), sign_on.browser()
    await sign_on.site()
    theirs = await sign_on.claims((await sign_on.tokens(browser, await sign_on.site("mine"), phone=OTHER))["id_token"])
    secret = await ticket(sign_on, sid)
    asked = await browser.send("GET", f"/sso/t?ticket={secret}")
    assert (asked.status_code, "location" in asked.headers) == (200, False)
    assert await is_live(sign_on, theirs["sid"])
    for sender in (sign_on.browser(), browser):  # another site's form brings no cookie, but from the same domain
        elsewhere = await sender.send("POST", "/sso/t", ticket=secret)
        assert (elsewhere.status_code, "location" in elsewhere.headers) == (400, False)
    assert await is_live(sign_on, theirs["sid"])
    done = await browser.submit(asked)
    assert done.headers["location"].startswith("https://site.example/begin")
    assert not await is_live(sign_on, theirs["sid"])


async def test_another_site_s_form_signs_nobody_out(sign_on: SignOn) -> None:
    site, browser, _ = await site_and_token(sign_on)
    kept = dict(browser.cookies)
    for sender in (sign_on.browser(), browser):  # with the cookie, if the other site is of the same domain
        answer = await sender.send("POST", "/oauth/logout", confirm="yes", token="guessed")
        assert "set-cookie" not in answer.headers
    browser.cookies = kept
    assert "code" in answered(await browser.send("GET", site.authorize(prompt="none")[0]))


async def test_who_does_not_sign_out_after_all_stays_signed_in(sign_on: SignOn) -> None:
    site, browser, _ = await site_and_token(sign_on)
    asked = await browser.send("GET", "/oauth/logout?lang=en")
    stayed = await browser.send("POST", "/oauth/logout?lang=en", confirm="no")
    assert 'value="no"' in asked.text
    assert (stayed.status_code, TEXTS["en"].nothing_changed in stayed.text) == (200, True)
    assert "code" in answered(await browser.send("GET", site.authorize(prompt="none")[0]))


async def test_who_has_left_finds_the_way_to_the_site_that_they_came_from(sign_on: SignOn) -> None:
    site, browser, token = await site_and_token(sign_on)
    left = await browser.send("GET", f"/oauth/logout?{urlencode({'id_token_hint': token, 'lang': 'en'})}")
    assert f'<a href="https://site.example/">Back to {site.row.name_en}</a>' in left.text


@pytest.mark.parametrize(
    ("query", "accepted", "lang"),
    [
        ("ui_locales=en", "zh-CN", "en"),
        ("ui_locales=fr-CA+en-GB", "", "en"),
        ("ui_locales=en&lang=zh", "en", "zh"),
        ("", "fr, en-GB;q=0.8, zh;q=0.5", "en"),
        ("", "en;q=0.3, zh-CN;q=0.9", "zh"),
        ("", "en;q=0, fr", "zh"),
        ("", "", "zh"),
    ],
)
async def test_pages_outside_a_sign_in_have_the_language_of_who_reads_them(
    sign_on: SignOn, query: str, accepted: str, lang: str
) -> None:
    url, _ = (await sign_on.site()).authorize()
    other = {"zh": "en", "en": "zh"}[lang]
    kept = "&".join(each for each in query.split("&") if each and not each.startswith("lang="))
    for path in ("/oauth/logout", "/sign-in/gone"):
        page = await sign_on.client.get(f"{path}?{query}", headers={"accept-language": accepted})
        assert f'<html lang="{lang}">' in page.text
        (link,) = re.findall(r'class="lang" href="([^"]*)"', page.text)
        changed = await sign_on.client.get(html.unescape(link), headers={"accept-language": accepted})
        assert f'<html lang="{other}">' in changed.text
        assert (kept in html.unescape(link)) or path != "/oauth/logout"
    begun = await sign_on.client.get(f"{url}&{query}", headers={"accept-language": accepted})
    assert begun.headers["location"].endswith("lang=" + ("en" if "ui_locales" in query else lang))


async def test_a_posted_logout_says_its_language_too(sign_on: SignOn) -> None:
    page = await sign_on.browser().send("POST", "/oauth/logout", ui_locales="en")
    assert '<html lang="en">' in page.text
    assert 'href="/oauth/logout?lang=zh"' in page.text


async def test_pages_have_an_icon_and_no_placeholders(sign_on: SignOn) -> None:
    icon = await sign_on.client.get("/favicon.ico")
    assert (icon.status_code, icon.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    browser = sign_on.browser()
    begun = await browser.follow(await browser.send("GET", (await sign_on.site()).authorize()[0]))
    for page in (begun, await browser.submit(begun, phone="1"), await browser.send("GET", "/oauth/logout")):
        assert "<!--" not in page.text
        assert "img-src 'self'" in page.headers["content-security-policy"]
