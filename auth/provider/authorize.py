"""The authorization endpoint: what is asked, and how the answer travels; ``lacking`` says what is still missing.

What Authlib validates it validates here (``read``); the pages in between are the gateway's.
"""

import html
import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from authlib.oauth2.rfc6749 import OAuth2Error
from msgspec import Struct
from msgspec.structs import replace

from auth.assurance import AcrRequest, Level, read_acr_request
from auth.clients.pairwise import account_by_subject
from auth.clients.tables import Client
from auth.errors import HintRefusedError
from auth.provider.base import Server
from auth.provider.environment import Answer, Environment
from auth.provider.grants import CodeContext
from auth.provider.hints import read_hint
from auth.provider.requests import Payload, ProviderRequest
from auth.provider.waiting import wait
from auth.sessions.tables import Session
from kernel.control_characters import has_control

URN = "urn:ietf:params:oauth:request_uri:"
_MODES = ("query", "form_post")
_LONGEST_PARAMETER = 2000


class Asked(Struct, frozen=True, kw_only=True):
    """A valid authorization request."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str = ""
    nonce: str = ""
    response_mode: str = "query"
    code_challenge: str = ""
    prompts: tuple[str, ...] = ()
    max_age: int | None = None
    acr: AcrRequest = AcrRequest()
    least_acr: Level = "L1"  # of this client
    least_aal: int = 1  # of our own page (``own_page``), within the last five minutes
    claims: dict[str, Any] = {}
    login_hint: str = ""
    account_id: UUID | None = None  # whom the client means (id_token_hint)
    locale: str = ""  # none that the pages have was asked for
    jkt: str = ""


class Pushed(Struct, frozen=True):
    """A pushed authorization request (RFC 9126), kept for its client."""

    client_id: str
    pairs: list[tuple[str, str]]


class RefusedError(Exception):
    """A request that is answered with an error: to the client if ``asked`` says where, else on a page."""

    def __init__(self, error: str, description: str, asked: Asked | None = None) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.asked = asked


def read(server: Server, request: ProviderRequest) -> tuple[Asked, Client]:
    """Validate an authorization request, a pushed one too. Raises RefusedError. Inside ``run_sync``."""
    pushed = _unpushed(server, request)
    data = request.payload.data
    target = _target(server, data)
    if pushed is None and "request_uri" in data:
        raise RefusedError("request_uri_not_supported", "Only request URIs of pushed requests are known.", target)
    if "request" in data:
        raise RefusedError("request_not_supported", "Request objects are not supported.", target)
    if data.get("response_type") != "code":  # Authlib would repeat it in its error, with characters that none may have
        raise RefusedError("unsupported_response_type", "The response_type must be code.", target)
    try:
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        raise RefusedError(error.error, error.description or "", target) from error
    client: Client = request.client.row
    if client.tier != "T1" and pushed is None and request.method != "PAR":
        raise RefusedError("invalid_request", "This client must push its requests (RFC 9126).", target)
    if repeated := request.payload.repeated():
        raise RefusedError("invalid_request", f"Given more than once: {', '.join(repeated)}.", target)
    asked = _asked(request, client, grant.redirect_uri, target)
    if hint := data.get("id_token_hint"):
        asked = replace(asked, account_id=_meant(server, client, hint, target))
    return asked, client


def signed_in_since(asked: Asked, began: float, now: float) -> float:
    """Return when somebody must have signed in at the earliest, in seconds since 1970, for a request that ``began``."""
    again = "login" in asked.prompts or "select_account" in asked.prompts
    return max(began if again else 0.0, 0.0 if asked.max_age is None else min(now - asked.max_age, began))


async def issue_code(environment: Environment, asked: Asked, owner: Session) -> str:
    """Return a code for a request that nothing is missing of."""
    context = CodeContext(
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        sid=owner.sid,
        auth_time=int(owner.auth_time.timestamp()),
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        claims=asked.claims,
        jkt=asked.jkt,
    )
    return await environment.codes.put(context)


def deliver(issuer: str, asked: Asked, params: dict[str, str]) -> Answer:
    """Return the answer to the client, an error or a code: with ``iss`` always (RFC 9207), by query or form_post."""
    params = {**params, "iss": issuer} | ({"state": asked.state} if asked.state else {})
    if asked.response_mode == "form_post":
        return 200, _form(asked.redirect_uri, params), [("Content-Type", "text/html; charset=utf-8"), *_PRIVATE]
    separator = "&" if "?" in asked.redirect_uri else "?"
    return 303, "", [("Location", f"{asked.redirect_uri}{separator}{urlencode(params)}"), *_PRIVATE]


_PRIVATE = [("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]


def _form(uri: str, params: dict[str, str]) -> str:
    """A page that posts the parameters by itself, or by its button where there is no JavaScript."""
    pairs = [(html.escape(name), html.escape(value)) for name, value in params.items()]
    fields = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in pairs)
    return (
        '<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>一网 · Yiwang</title></head><body>'
        f'<form method="post" action="{html.escape(uri)}">{fields}<button>继续 Continue</button></form>'
        "<script>document.forms[0].submit()</script></body></html>"
    )


def _unpushed(server: Server, request: ProviderRequest) -> Pushed | None:
    """Put a pushed request's parameters in place of its URI's. Raises RefusedError for one that is used or gone."""
    uri = request.payload.data.get("request_uri", "")
    if not uri.startswith(URN):
        return None
    found = wait(server.environment.pushed.take(uri.removeprefix(URN), Pushed))
    if found is None or found.client_id != request.payload.client_id:
        raise RefusedError("invalid_request_uri", "The request URI was used, has expired, or is another client's.")
    request.payload = Payload(found.pairs)
    return found


def _target(server: Server, data: dict[str, str]) -> Asked | None:
    """Return where an error may be sent: to a registered redirect URI and nowhere else."""
    client = server.query_client(data.get("client_id", ""))
    uri = data.get("redirect_uri", "")
    if client is None or not client.check_redirect_uri(uri):
        return None
    mode = data.get("response_mode", "query")
    return Asked(
        client_id=client.client_id,
        redirect_uri=uri,
        scope="",
        state=data.get("state", ""),
        response_mode=mode if mode in _MODES else "query",
    )


def _asked(request: ProviderRequest, client: Client, redirect_uri: str, target: Asked | None) -> Asked:
    data = request.payload.data

    def refuse(error: str, description: str) -> RefusedError:
        return RefusedError(error, description, target)

    if any(len(data.get(name, "")) > _LONGEST_PARAMETER for name in ("state", "nonce", "login_hint")):
        raise refuse("invalid_request", "A parameter is too long.")
    mode = data.get("response_mode", "query")
    if mode not in (client.response_modes or _MODES):
        raise refuse("invalid_request", "The response_mode is not supported.")
    prompts = tuple(data.get("prompt", "").split())
    if set(prompts) - {"none", "login", "consent", "select_account"} or ("none" in prompts and len(prompts) > 1):
        raise refuse("invalid_request", "The prompt is not valid.")
    max_age = data.get("max_age")
    if max_age is not None and not re.fullmatch(r"[0-9]{1,9}", max_age):
        raise refuse("invalid_request", "The max_age is no number of seconds.")
    claims = _claims(data.get("claims", ""), refuse)
    acr = read_acr_request(data.get("acr_values", ""), claims)
    if acr.values:  # one kind of asking, so that the tokens' makers know it too
        wanted = {"values": list(acr.values), "essential": acr.essential}
        claims["id_token"] = claims.get("id_token", {}) | {"acr": wanted}
    jkt = data.get("dpop_jkt", "") or request.jkt
    return Asked(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=request.scope,
        state=data.get("state", ""),
        nonce=data.get("nonce", ""),
        response_mode=mode,
        code_challenge=data.get("code_challenge", ""),
        prompts=prompts,
        max_age=None if max_age is None else int(max_age),
        acr=acr,
        least_acr=client.least_acr,
        claims=claims,
        login_hint=data.get("login_hint", ""),
        locale=locale(data.get("ui_locales", "")),
        jkt=jkt,
    )


def _meant(server: Server, client: Client, hint: str, target: Asked | None) -> UUID:
    """Return the account that an ID token of the client's sector was for."""
    try:
        found = wait(account_by_subject(server.session, client.sector, read_hint(server.environment, hint).sub))
    except HintRefusedError as error:
        raise RefusedError("invalid_request", "The id_token_hint is no ID token of ours.", target) from error
    if found is None:
        raise RefusedError("invalid_request", "The id_token_hint is another client's.", target)
    return found


def locale(wanted: str) -> str:
    """Return the first language of ``ui_locales`` (BCP 47 tags) that the pages have, empty if there is none."""
    languages = (each.partition("-")[0].lower() for each in wanted.split())
    return next((each for each in languages if each in ("zh", "en")), "")


def _claims(text: str, refuse: Any) -> dict[str, Any]:
    """Read the ``claims`` parameter (OpenID Connect Core 5.5)."""
    try:
        claims = msgspec.json.decode(text, type=dict[str, dict[str, Any]]) if text else {}
        if not has_control(claims):
            return claims
    except (msgspec.DecodeError, RecursionError) as error:
        raise refuse("invalid_request", "The claims parameter is not valid.") from error
    raise refuse("invalid_request", "The claims parameter has control characters.")
