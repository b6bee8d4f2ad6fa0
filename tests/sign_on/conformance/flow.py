"""What every module of the OpenID Foundation's suite does: ask, sign in, read the callback, judge the tokens.

The checks are those of the suite's conditions (openid-certification/conformance-suite, ``condition/client``).
"""

import hashlib
import html
import re
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from msgspec import Struct
from redis.asyncio import Redis
from sqlalchemy import update
from sqlmodel import col

from auth.sessions.tables import Session
from tests.sign_on.conftest import ISSUER, PHONE, SignOn
from tests.sign_on.relying_party import Browser, Site

Mode = Literal["query", "form_post"]


class SignedIn(Struct, frozen=True):
    """What a client holds after a whole flow."""

    code: str
    tokens: dict[str, Any]
    claims: dict[str, Any]  # of the ID token, which was judged


class Plan:
    """One run of a plan of the suite: the provider, and the response mode that all its modules are run with."""

    def __init__(self, sign_on: SignOn, redis: Redis, mode: Mode) -> None:
        self.sign_on = sign_on
        self.http = sign_on.client
        self.redis = redis
        self.mode = mode

    async def client(self, client_id: str = "client", **more: Any) -> Site:
        """Register a client as the suite has it: most of its requests have no PKCE."""
        return await self.sign_on.site(client_id, **({"pkce_required": False} | more))

    def browser(self) -> Browser:
        return self.sign_on.browser()

    def ask(self, site: Site, **changed: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Return a request of the suite, without PKCE, and what the client keeps of it."""
        given: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
        if self.mode == "form_post":
            given["response_mode"] = "form_post"
        return site.request(**(given | changed))

    async def visit(self, browser: Browser, params: dict[str, str], phone: str = PHONE) -> httpx.Response:
        """Send a browser with a request; its owner signs in and agrees where the pages ask."""
        await self.forget_codes()
        return await self.sign_on.through(browser, f"/oauth/authorize?{httpx.QueryParams(params)}", phone)

    def callback(self, site: Site, answer: httpx.Response) -> dict[str, str]:
        """Return what comes back to the client, in the way that it asked for and in no other."""
        back = site.row.redirect_uris[0]
        if self.mode == "form_post":
            return posted(answer, back)
        assert answer.status_code in (302, 303), answer.text
        where = urlsplit(answer.headers["location"])
        assert f"{where.scheme}://{where.netloc}{where.path}" == back
        assert not where.fragment
        return single(parse_qsl(where.query, keep_blank_values=True))

    async def answer(self, browser: Browser, site: Site, **changed: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Ask, sign in, and return the callback's parameters and what was kept."""
        params, kept = self.ask(site, **changed)
        found = self.callback(site, await self.visit(browser, params))
        assert found.get("state", "") == kept["state"], "state must come back as it was"
        assert found["iss"] == ISSUER
        return found, kept

    async def sign_in(self, browser: Browser, site: Site, **changed: Any) -> SignedIn:
        """Run a whole flow, and judge what the client is given."""
        found, kept = await self.answer(browser, site, **changed)
        assert "error" not in found, found
        return await self.exchange(site, found["code"], kept["nonce"])

    async def exchange(self, site: Site, code: str, nonce: str, **more: str) -> SignedIn:
        """Exchange a code and judge the answer."""
        answer = await self.post_code(site, code, **more)
        tokens = token_answer(answer)
        return SignedIn(code, tokens, await self.judged(site, tokens, nonce))

    async def post_code(self, site: Site, code: str, **more: str) -> httpx.Response:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": site.row.redirect_uris[0]}
        return await site.post("/oauth/token", **(fields | more))

    async def judged(self, site: Site, tokens: dict[str, Any], nonce: str = "") -> dict[str, Any]:
        """Return an ID token's claims after the checks of OpenID Connect Core 3.1.3.7."""
        keys = (await self.http.get("/oauth/jwks")).json()
        text = tokens["id_token"]
        header = jws.extract_compact(text.encode()).headers()
        assert header["alg"] == "RS256"
        assert [key["kid"] for key in keys["keys"]].count(header["kid"]) == 1
        claims = dict(jwt.decode(text, KeySet.import_key_set(keys), algorithms=["RS256"]).claims)
        now = time.time()
        assert claims["iss"] == ISSUER
        assert claims["aud"] == site.row.client_id
        assert claims.get("azp", site.row.client_id) == site.row.client_id
        assert now - 60 < claims["iat"] <= now + 1 < claims["exp"] <= now + 3600
        assert claims["auth_time"] <= claims["iat"]
        assert claims["sub"].isascii()
        assert 0 < len(claims["sub"]) <= 255
        assert claims.get("nonce", "") == nonce
        half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == urlsafe_b64encode(half).decode().rstrip("=")
        return claims

    async def userinfo(self, site: Site, signed_in: SignedIn) -> dict[str, Any]:
        """Return what the UserInfo endpoint says; ``sub`` must be the ID token's."""
        answer = await site.userinfo(signed_in.tokens["access_token"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/json")
        found: dict[str, Any] = answer.json()
        assert found["sub"] == signed_in.claims["sub"]
        return found

    async def age(self, sid: str, seconds: int) -> None:
        """Let a session have begun some seconds earlier, instead of waiting for them."""
        async with self.sign_on.gateway.database.session() as session:
            earlier = col(Session.auth_time) - timedelta(seconds=seconds)
            await session.exec(update(Session).where(col(Session.sid) == sid).values(auth_time=earlier))

    async def forget_codes(self) -> None:
        """Let a phone have codes again at once, of which it has one a minute."""
        async for name in self.redis.scan_iter("yiwang:phone_code:*"):
            if name.rsplit(b":", 1)[-1] in (b"60", b"3600", b"86400"):
                await self.redis.delete(name)


def token_answer(answer: httpx.Response) -> dict[str, Any]:
    """Judge a token endpoint's success (RFC 6749 section 5.1)."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert "no-store" in answer.headers["cache-control"]
    tokens: dict[str, Any] = answer.json()
    assert tokens["token_type"] in ("Bearer", "DPoP")
    assert isinstance(tokens["expires_in"], int)
    assert len(tokens["access_token"]) >= 22  # 128 bits in base64url
    return tokens


def refused(answer: httpx.Response, *errors: str, status: int = 400) -> dict[str, Any]:
    """Judge a refusal (RFC 6749 section 5.2) and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert "no-store" in answer.headers["cache-control"]
    found: dict[str, Any] = answer.json()
    assert found["error"] in errors, found
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", found.get("error_description", "")), found
    return found


def error_page(answer: httpx.Response) -> None:
    """Judge an error that may go nowhere: a page for the person, without a way to the client."""
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "location" not in answer.headers
    assert "<form" not in answer.text
    assert "site.example" not in answer.text


def posted(answer: httpx.Response, back: str) -> dict[str, str]:
    """Return the fields that a browser posts from a form_post page (Form Post Response Mode 1.0)."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "location" not in answer.headers
    assert "no-store" in answer.headers["cache-control"]
    (attributes,) = re.findall(r"<form([^>]*)>", answer.text)
    form = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
    assert form["method"].lower() == "post"
    assert form.get("enctype", "application/x-www-form-urlencoded") == "application/x-www-form-urlencoded"
    assert html.unescape(form["action"]) == back, "nothing of the answer is in the query"
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
    return single([(html.unescape(name), html.unescape(value)) for name, value in fields])


def single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return parameters, each of which is there once."""
    found = dict(pairs)
    assert len(found) == len(pairs), pairs
    return found
