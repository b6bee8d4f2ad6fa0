"""Residents read in their own language what went wrong on the pages, and what to do; sites' developers read why."""

import re

import httpx
import pytest

from adapters.errors import HostUnavailableError
from docs.generate import error_classes
from gateway.http.sign_on.errors_said import SAID
from tests.sign_on.conftest import PERSON, SignOn
from tests.sign_on.relying_party import Browser

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PACKAGES = ("kernel", "auth", "adapters", "gateway.errors")
_ELSEWHERE = {
    "the gateway's answers to programs": {
        *("BAD_REQUEST", "REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "NOT_ACCEPTABLE", "METHOD_NOT_ALLOWED"),
        *("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_VARIABLES", "OPERATION_TOO_LARGE"),
        *("STREAMS_FULL", "STAFF_ROLE_MISSING"),
        *("OPERATION_TOO_COSTLY", "INTROSPECTION_NEEDS_SCOPE", "HTTP_ERROR"),
    },
    "the graph: policies, access and refresh tokens, mandates, consents, ways in": {
        *("ASSURANCE_TOO_LOW", "SCOPE_MISSING", "AUTHENTICATION_TOO_OLD"),
        *("TOKEN_REFUSED", "REFRESH_REFUSED", "MANDATE_REFUSED", "MANDATE_UNKNOWN", "MERGE_FINAL"),
        *("ONE_TIME_CODE_REFUSED", "REGISTER_NO_MATCH", "CREDIT_CODE_INVALID", "ID_NUMBER_CLAIMED"),
    },
    "the mini-program's sign-in, and what only it can do at its host": {
        *("HOST_SESSION_STALE", "HOST_LACKS_THIS", "HOST_LAUNCH_REFUSED", "HOST_ORDER_REFUSED"),
        "HOST_SIGNING_KEY_UNKNOWN",
    },
    "the operator, who reads the log: keys, settings, addresses, the audit log, registering": {
        *("CREDENTIAL_REFUSED", "CLIENT_REFUSED", "NO_SIGNING_KEY", "HOST_KEY_UNUSABLE", "OUTSIDE_FAILED"),
        *("AUDIT_ANCHORS_UNREADABLE", "AUDIT_KEY_UNUSABLE", "GM_KEY_INVALID", "GM_SIGNATURES_UNAVAILABLE"),
        *("SEALED_DATA_INVALID", "SEALING_KEY_UNKNOWN", "PURPOSE_INVALID", "PURPOSE_UNKNOWN"),
        *("ADDRESS_REFUSED", "UPSTREAM_URL_INVALID", "ACCOUNT_USED"),
        *("HOST_BILL_NOT_READY", "HOST_BILL_UNREADABLE"),
    },
}


def test_every_error_of_the_pages_is_said_in_both_languages() -> None:
    """An error that is new in these packages gets a text, or a place among those that residents never see there."""
    elsewhere = set().union(*_ELSEWHERE.values())
    met = {each.code for each in error_classes() if each.__module__.startswith(_PACKAGES)} - elsewhere
    simulated = {each.code for each in error_classes() if each.__module__.startswith("adapters.sandbox")}
    assert SAID.keys() == met - simulated
    for wording in SAID.values():
        assert len(_CHINESE.findall(wording.zh)) > 8
        assert wording.en
        assert not _CHINESE.search(wording.en)


async def begun(sign_on: SignOn, browser: Browser, lang: str, **changed: object) -> httpx.Response:
    """Send a browser to the first page, in a language."""
    url, _ = (await sign_on.site()).authorize(ui_locales=lang, **changed)
    return await browser.follow(await browser.send("GET", url))


def assert_says(page: httpx.Response, lang: str, code: str, *, status: int = 400) -> None:
    """Judge a page: the error's text in its language and in no other, and the code for the help desk."""
    wording = SAID[code]
    ours, other = (wording.zh, wording.en) if lang == "zh" else (wording.en, wording.zh)
    assert page.status_code == status, page.text
    assert f'<html lang="{lang}">' in page.text
    assert f"<code>{code}</code>" in page.text
    assert ours in page.text.replace("&#39;", "'")
    assert other not in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_wrong_number_and_a_wrong_code_are_explained(sign_on: SignOn, lang: str) -> None:
    browser = sign_on.browser()
    page = await browser.submit(await begun(sign_on, browser, lang), phone="123")
    assert_says(page, lang, "PHONE_NUMBER_INVALID")
    (link,) = re.findall(r'href="([^"]*)" hreflang', page.text)
    assert (await browser.send("GET", link)).status_code == 200, "the page of a refused form can change its language"
    page = await browser.submit(page, phone="13900000001")
    page = await browser.submit(page, code="000000" if sign_on.sent[-1][1] != "000000" else "111111")
    assert_says(page, lang, "PHONE_CODE_REFUSED")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_identity_service_that_does_not_answer_is_explained(
    sign_on: SignOn, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    async def unreachable(*_: str) -> bool:
        raise HostUnavailableError("The identity service 10.0.0.7 refuses connections")

    monkeypatch.setattr("tests.sign_on.conftest.Register.match", unreachable)
    browser = sign_on.browser()
    page = await browser.submit(await begun(sign_on, browser, lang, acr_values="L2"), phone="13900000001")
    page = await browser.submit(page, code=sign_on.sent[-1][1])
    page = await browser.submit(page, agreed="yes", name=PERSON[0], id_number=PERSON[1])
    assert_says(page, lang, "HOST_UNAVAILABLE")
    assert "10.0.0.7" not in page.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_sign_in_of_another_browser_and_a_used_ticket_are_explained(sign_on: SignOn, lang: str) -> None:
    page = await begun(sign_on, sign_on.browser(), lang)
    foreign = await sign_on.browser().send("GET", f"{page.url.path}?lang={lang}")
    assert_says(foreign, lang, "SIGN_IN_GONE")
    assert_says(await sign_on.browser().send("GET", f"/sso/t?ticket=used&lang={lang}"), lang, "TICKET_REFUSED")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_site_s_mistake_is_told_to_the_resident_and_its_reason_to_the_developer(
    sign_on: SignOn, lang: str
) -> None:
    url, _ = (await sign_on.site()).authorize(redirect_uri="https://evil.example/")
    page = await sign_on.browser().send("GET", f"{url}&lang={lang}")
    assert_says(page, lang, "SITE_REQUEST_REFUSED")
    assert '<p lang="en"><small>invalid_request: ' in page.text
    left = await sign_on.browser().send("GET", f"/oauth/logout?id_token_hint=rubbish&lang={lang}")
    assert_says(left, lang, "HINT_REFUSED")
    assert '<p lang="en"><small>The ID token cannot be verified' in left.text


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_defect_is_a_page_without_internals(
    sign_on: SignOn, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    browser = sign_on.browser()
    page = await begun(sign_on, browser, lang)

    async def broken(*_: object) -> None:
        raise RuntimeError("secret of the platform")

    monkeypatch.setattr("auth.provider.browser.Transactions.read", broken)
    failed = await browser.submit(page, phone="13900000001")
    assert_says(failed, lang, "INTERNAL_ERROR", status=500)
    assert failed.headers["x-request-id"] in failed.text
    assert "secret" not in failed.text
