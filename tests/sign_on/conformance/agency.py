"""A client of tier T3 as the FAPI 2.0 modules drive it: it pushes, and proves itself and its tokens by keys."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from tests.sign_on.conformance.flow import Plan, SignedIn, single, token_answer
from tests.sign_on.conftest import ISSUER, PHONE
from tests.sign_on.relying_party import Browser, Site

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Key = ECKey | RSAKey


class Agency:
    """One client and the key that its tokens are bound to. ``None`` takes a parameter, claim or header away."""

    def __init__(self, plan: Plan, site: Site) -> None:
        self.plan = plan
        self.site = site
        self.http = plan.http
        self.dpop: Key = ECKey.generate_key("P-256")

    @classmethod
    async def register(cls, plan: Plan, client_id: str = "agency", **more: Any) -> "Agency":
        given: dict[str, Any] = {
            "tier": "T3",
            "auth_method": "private_key_jwt",
            "backchannel_logout_uri": "https://site.example/gone",
        }
        return cls(plan, await plan.sign_on.site(client_id, **(given | more)))

    def assertion(self, *, key: Key | None = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """Return a client assertion (RFC 7523), good unless something is changed."""
        now = int(time.time())
        name = self.site.row.client_id
        claims = {"iss": name, "sub": name, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": secrets.token_hex(12)}
        assert self.site.key is not None
        key = key or self.site.key
        return _signed(key, {"alg": "ES256", "kid": self.site.key.thumbprint()} | (header or {}), claims | changed)

    def proof(
        self, method: str, path: str, *, key: Key | None = None, header: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        """Return a DPoP proof (RFC 9449 section 4.2), good unless something is changed."""
        key = key or self.dpop
        claims = {"htm": method, "htu": ISSUER + path, "iat": int(time.time()), "jti": secrets.token_hex(12)}
        full = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)} | (header or {})
        return _signed(key, full, claims | changed)

    async def post(
        self, path: str, form: dict[str, Any], *, proof: str | None = "", assertion: str | None = ""
    ) -> httpx.Response:
        """Send a form with a new assertion and a new proof, or with those given, or with none."""
        fields = {name: value for name, value in form.items() if value is not None}
        if assertion is not None:
            named = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion or self.assertion()}
            fields = named | fields
        headers = {} if proof is None else {"dpop": proof or self.proof("POST", path)}
        return await self.http.post(path, data=fields, headers=headers)

    async def push(self, *, proof: str | None = None, assertion: str = "", **changed: Any) -> httpx.Response:
        """Push a request."""
        params, self.kept = self.site.request(**changed)
        return await self.post("/oauth/par", params, proof=proof, assertion=assertion)

    async def pushed(self, *, proof: str | None = None, **changed: Any) -> str:
        """Push a good request and return its URI."""
        answer = await self.push(proof=proof, **changed)
        assert answer.status_code == 201, answer.text
        found = answer.json()
        assert 5 <= found["expires_in"] < 600
        assert found["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
        assert len(found["request_uri"].rpartition(":")[2]) >= 22
        return str(found["request_uri"])

    def address(self, request_uri: str, **more: str) -> str:
        """Return where a browser is sent with a pushed request."""
        return "/oauth/authorize?" + urlencode(
            {"client_id": self.site.row.client_id, "request_uri": request_uri} | more
        )

    async def visit(self, browser: Browser, request_uri: str, phone: str = PHONE, **more: str) -> dict[str, str]:
        """Let a browser's owner sign in; return what comes back."""
        await self.plan.forget_codes()
        page = await self.plan.sign_on.through(browser, self.address(request_uri, **more), phone)
        found = single(list(self.plan.callback(self.site, page).items()))
        assert found["iss"] == ISSUER
        assert found.get("state", "") == self.kept["state"]
        return found

    async def code(self, browser: Browser, **changed: Any) -> str:
        """Push, sign in and return the code."""
        return (await self.visit(browser, await self.pushed(**changed)))["code"]

    async def redeem(self, code: str, *, proof: str | None = "", assertion: str = "", **changed: Any) -> httpx.Response:
        """Exchange a code."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.site.row.redirect_uris[0],
            "code_verifier": self.kept["verifier"],
        }
        return await self.post("/oauth/token", fields | changed, proof=proof, assertion=assertion)

    async def sign_in(self, browser: Browser, **changed: Any) -> SignedIn:
        """Run a whole flow and judge the tokens."""
        code = await self.code(browser, **changed)
        return await self.judged(code, await self.redeem(code))

    async def judged(self, code: str, answer: httpx.Response) -> SignedIn:
        """Judge a token answer: bound to the key, and its ID token a good one."""
        tokens = token_answer(answer)
        assert tokens["token_type"] == "DPoP"
        bound = _payload(tokens["access_token"])["cnf"]
        assert bound == {"jkt": self.dpop.thumbprint()}
        return SignedIn(code, tokens, await self.plan.judged(self.site, tokens, self.kept["nonce"]))

    async def userinfo(self, token: str, proof: str | None = "", scheme: str = "DPoP") -> httpx.Response:
        """Call a resource with a bound token."""
        headers = {"authorization": f"{scheme} {token}"}
        if proof is not None:
            headers["dpop"] = proof or self.proof("GET", "/oauth/userinfo", ath=ath(token))
        return await self.http.get("/oauth/userinfo", headers=headers)

    async def refresh(self, token: str, *, proof: str | None = "", assertion: str | None = "") -> httpx.Response:
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        return await self.post("/oauth/token", fields, proof=proof, assertion=assertion)


def ath(token: str) -> str:
    """Return an access token's hash, as a proof names it."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")


def without(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _signed(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
    header, claims = without(header), without(claims)
    algorithm = header.get("alg")
    if algorithm in ("ES256", "PS256", "RS256"):
        return jwt.encode(header, claims, key, algorithms=[algorithm], default_type=None)
    parts = [urlsafe_b64encode(msgspec.json.encode(each)).decode().rstrip("=") for each in (header, claims)]
    signature = jws.serialize_compact({"alg": "ES256"}, b"", key, algorithms=["ES256"]).rpartition(".")[2]
    return ".".join([*parts, "" if algorithm == "none" else signature])


def _payload(token: str) -> dict[str, Any]:
    return msgspec.json.decode(jws.extract_compact(token.encode()).payload, type=dict[str, Any])
