"""A department's site as a client of the provider, and a resident's browser: with them the tests speak HTTP."""

import hashlib
import html
import re
import secrets
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from auth.clients.clients import register
from auth.clients.tables import Client
from gateway.app import Gateway
from kernel.clock import SystemClock

BACK = "https://site.example/back"


class Browser:
    """A browser with its cookies; it follows nothing by itself, and reads pages as people do: by their forms."""

    def __init__(self, client: httpx.AsyncClient, issuer: str = "https://id.example") -> None:
        self._client = client
        self._issuer = issuer
        self.cookies: dict[str, str] = {}

    async def send(self, method: str, url: str, **form: str) -> httpx.Response:
        """Send a request with the cookies, and keep those that come."""
        headers = {"cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        path = url.removeprefix(self._issuer)
        self._client.cookies.clear()  # it keeps those of all browsers together
        answer = await self._client.request(method, path, data=form or None, headers=headers)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        return answer

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Follow redirects while they stay with the provider."""
        while answer.status_code in (302, 303) and self._is_ours(answer.headers["location"]):
            answer = await self.send("GET", answer.headers["location"])
        return answer

    def _is_ours(self, location: str) -> bool:
        return location.startswith(("/", self._issuer))

    async def submit(self, page: httpx.Response, step: str = "", **values: str) -> httpx.Response:
        """Fill in and send a page's form, its first or that of a step."""
        forms = re.findall(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", page.text, re.DOTALL)
        action, inside = next(each for each in forms if not step or f"/{step}?" in each[0])
        hidden = dict(re.findall(r"type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"", inside))
        return await self.follow(await self.send("POST", html.unescape(action), **(hidden | values)))


class Site:
    """A relying party: one registered client and what it keeps."""

    def __init__(self, client: httpx.AsyncClient, row: Client, secret: str, key: ECKey | None) -> None:
        self._client = client
        self.row = row
        self.secret = secret
        self.key = key
        self.issuer = ""

    def request(self, **changed: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Return an authorization request, and what is kept for its answer. None takes a parameter away."""
        verifier = secrets.token_urlsafe(40)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        given = {
            "response_type": "code",
            "client_id": self.row.client_id,
            "redirect_uri": self.row.redirect_uris[0],
            "scope": "openid profile",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | changed
        params = {name: str(value) for name, value in given.items() if value is not None}
        return params, {"verifier": verifier, "state": params.get("state", ""), "nonce": params.get("nonce", "")}

    def authorize(self, **changed: Any) -> tuple[str, dict[str, str]]:
        """Return the URL that the site sends a browser to."""
        params, kept = self.request(**changed)
        return f"/oauth/authorize?{urlencode(params)}", kept

    def credentials(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return headers and form fields that prove who the client is."""
        if self.key is None:
            pair = b64encode(f"{self.row.client_id}:{self.secret}".encode()).decode()
            return {"authorization": f"Basic {pair}"}, {}
        now = int(SystemClock().now().timestamp())
        claims = {
            "iss": self.row.client_id,
            "sub": self.row.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(12),
        }
        assertion = jwt.encode({"alg": "ES256", "kid": self.key.thumbprint()}, claims, self.key)
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {}, {"client_assertion_type": kind, "client_assertion": assertion}

    async def post(self, path: str, *, dpop: str = "", **form: str) -> httpx.Response:
        """Send an authenticated form, with a DPoP proof if one is given."""
        given, fields = self.credentials()
        return await self._client.post(path, data=fields | form, headers=given | ({"dpop": dpop} if dpop else {}))

    async def redeem(self, code: str, verifier: str, **more: str) -> httpx.Response:
        """Exchange a code."""
        fields = {"code": code, "redirect_uri": self.row.redirect_uris[0], "code_verifier": verifier}
        return await self.post("/oauth/token", grant_type="authorization_code", **(fields | more))

    async def refresh(self, token: str, **more: str) -> httpx.Response:
        """Use a refresh token."""
        return await self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **more)

    async def userinfo(self, access_token: str) -> httpx.Response:
        return await self._client.get("/oauth/userinfo", headers={"authorization": f"Bearer {access_token}"})


def answered(response: httpx.Response) -> dict[str, str]:
    """Return the parameters that a redirect to the client carries."""
    assert response.status_code == 303, response.text
    query = urlsplit(response.headers["location"]).query
    return {name: values[0] for name, values in parse_qs(query).items()}


async def id_token(client: httpx.AsyncClient, text: str) -> dict[str, Any]:
    """Verify an ID token by the published keys."""
    keys = KeySet.import_key_set((await client.get("/oauth/jwks")).json())
    return dict(jwt.decode(text, keys, algorithms=["RS256", "ES256"]).claims)


async def register_site(gateway: Gateway, client: httpx.AsyncClient, client_id: str = "site", **more: Any) -> Site:
    """Register a department's site."""
    key = ECKey.generate_key("P-256") if more.get("auth_method") == "private_key_jwt" else None
    given: dict[str, Any] = {
        "client_id": client_id,
        "name_zh": "网站",
        "name_en": "Site",
        "sector": f"{client_id}.example",
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": ["https://site.example/left"],
        "initiate_login_uri": "https://site.example/begin",
        "scopes": ["profile", "phone", "offline_access"],
    } | more
    if key is not None:
        given["jwks"] = {"keys": [key.as_dict(private=False) | {"kid": key.thumbprint(), "use": "sig"}]}
    async with gateway.database.session() as session:
        row = Client(**given, created_at=SystemClock().now())
        secret = await register(session, SystemClock(), row)
    site = Site(client, row, secret, key)
    site.issuer = "https://id.example"
    return site
