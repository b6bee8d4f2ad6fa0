"""oidcc-formpost-basic-certification-test-plan: the Basic modules run with form_post in ``test_basic``; here the form.

Read after OAuth 2.0 Form Post Response Mode 1.0: the answer is a form that the browser posts, and nothing of it is in
a URL, in a cache or in a Referer.
"""

import html
import re
from urllib.parse import urlencode

import pytest
from redis.asyncio import Redis

from tests.sign_on.conformance.flow import Plan
from tests.sign_on.conftest import ISSUER, SignOn


@pytest.fixture
def form(sign_on: SignOn, redis: Redis) -> Plan:
    return Plan(sign_on, redis, "form_post")


@pytest.mark.case("oidcc-formpost-basic")
async def test_a_success_is_posted_and_nothing_of_it_is_in_a_url(form: Plan) -> None:
    site, browser = await form.client(), form.browser()
    params, kept = form.ask(site)
    page = await form.visit(browser, params)
    assert set(form.callback(site, page)) == {"code", "state", "iss"}
    assert form.callback(site, page)["state"] == kept["state"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<button" in page.text, "a browser without JavaScript has a button"


@pytest.mark.case("oidcc-formpost-basic")
async def test_an_error_is_posted_too(form: Plan) -> None:
    site, browser = await form.client(), form.browser()
    for changed, error in (({"prompt": "none"}, "login_required"), ({"scope": "openid email"}, "invalid_scope")):
        params, kept = form.ask(site, **changed)
        page = await browser.send("GET", f"/oauth/authorize?{urlencode(params)}")
        found = form.callback(site, page)
        assert (found["error"], found["state"], found["iss"]) == (error, kept["state"], ISSUER)


@pytest.mark.case("oidcc-formpost-basic")
async def test_who_refuses_is_an_error_that_is_posted(form: Plan) -> None:
    site, browser = await form.client(), form.browser()
    params, _ = form.ask(site)
    page = await form.sign_on.sign_in(browser, f"/oauth/authorize?{urlencode(params)}")
    found = form.callback(site, await browser.submit(page, answer="no"))
    assert found["error"] == "access_denied"


@pytest.mark.case("oidcc-formpost-basic")
async def test_what_the_client_sends_is_never_markup(form: Plan) -> None:
    site, browser = await form.client(redirect_uris=['https://site.example/back?a="><script>&b=1']), form.browser()
    state = "\"><script>alert(1)</script>'&amp;"
    params, _ = form.ask(site, state=state, prompt="none")
    page = await browser.send("GET", f"/oauth/authorize?{urlencode(params)}")
    assert form.callback(site, page)["state"] == state
    assert re.findall(r"<script>(.*?)</script>", page.text) == ["document.forms[0].submit()"]
    assert html.escape(site.row.redirect_uris[0]) in page.text


@pytest.mark.case("oidcc-formpost-basic")
async def test_a_mode_that_is_not_known_is_refused(form: Plan) -> None:
    site, browser = await form.client(), form.browser()
    for mode in ("fragment", "jwt", "form_post.jwt", ""):
        params, _ = form.ask(site, response_mode=mode)
        answer = await browser.send("GET", f"/oauth/authorize?{urlencode(params)}")
        assert answer.status_code == 303
        assert "error=invalid_request" in answer.headers["location"]
        assert "#" not in answer.headers["location"]
