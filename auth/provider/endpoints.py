"""The provider's endpoints that answer programs: each takes a request and the transaction that it happens in."""

from collections.abc import Awaitable, Callable
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.errors import AccountClosedError, UnknownAccountError
from auth.provider.authorize import URN, Pushed, RefusedError, read
from auth.provider.client_keys import KeysWantedError, fetch_keys
from auth.provider.client_view import GRANTS
from auth.provider.dpop import ALGORITHMS, check_proof
from auth.provider.environment import PUSHED_SECONDS, Answer, Environment
from auth.provider.introspection import look_up
from auth.provider.reads import note_read
from auth.provider.requests import ProviderRequest
from auth.provider.server import Provider
from auth.provider.subjects import asked_names, claims_of
from auth.provider.waiting import wait
from auth.sessions.tables import Session
from kernel.database import Database

Endpoint = Callable[[AsyncSession, Environment, ProviderRequest], Awaitable[Answer]]

_ALGS = f'algs="{" ".join(ALGORITHMS)}"'  # RFC 9449 section 7.1
_JSON = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


async def answered(
    database: Database, environment: Environment, endpoint: Endpoint, request: ProviderRequest
) -> Answer:
    """Answer a request in one transaction, begun anew after the client's keys had to be fetched.

    Who the client is is always found out first, so nothing has happened until then.
    """
    while True:
        try:
            async with database.session() as session:
                return await endpoint(session, environment, request)
        except KeysWantedError as wanted:
            await fetch_keys(wanted, environment.fetch, environment.redis, environment.clock)


async def token(session: AsyncSession, environment: Environment, request: ProviderRequest) -> Answer:
    """``/oauth/token`` (RFC 6749 section 3.2)."""
    if request.payload.grant_type not in GRANTS:  # Authlib would repeat it, with characters that no error may have
        return 400, {"error": "unsupported_grant_type"}, _JSON
    return await _run(session, environment, request, lambda server: server.create_token_response(request))


async def introspect(session: AsyncSession, environment: Environment, request: ProviderRequest) -> Answer:
    """``/oauth/introspect`` (RFC 7662)."""
    return await _run(
        session, environment, request, lambda server: server.create_endpoint_response("introspection", request)
    )


async def revoke(session: AsyncSession, environment: Environment, request: ProviderRequest) -> Answer:
    """``/oauth/revoke`` (RFC 7009)."""
    return await _run(
        session, environment, request, lambda server: server.create_endpoint_response("revocation", request)
    )


async def push(session: AsyncSession, environment: Environment, request: ProviderRequest) -> Answer:
    """``/oauth/par`` (RFC 9126): the request is judged now and kept for a minute."""

    def work(server: Provider) -> Answer:
        try:
            client = server.authenticate_client(request, None)
            request.jkt = check_proof(server, request, required=False)
            if "request_uri" in request.payload.data:
                return 400, {"error": "invalid_request", "error_description": "A pushed request has no URI."}, _JSON
            pairs = [(name, value) for name, values in request.payload.datalist.items() for value in values]
            kept = [pair for pair in pairs if pair[0] not in ("client_secret", "client_assertion")]
            bound = request.payload.data.get("dpop_jkt")
            if request.jkt and bound not in (None, request.jkt):
                return 400, {"error": "invalid_dpop_proof", "error_description": "dpop_jkt names another key."}, _JSON
            request.payload.data["client_id"] = client.client_id
            request.method = "PAR"
            read(server, request)
        except RefusedError as error:
            return 400, {"error": error.error, "error_description": error.description}, _JSON
        except OAuth2Error as error:
            return server.failed(error)
        extra = [("client_id", client.client_id)] if not any(name == "client_id" for name, _ in kept) else []
        extra += [("dpop_jkt", request.jkt)] if request.jkt and bound is None else []
        secret = wait(environment.pushed.put(Pushed(client.client_id, [*kept, *extra])))
        return 201, {"request_uri": URN + secret, "expires_in": PUSHED_SECONDS}, _JSON

    return await _run(session, environment, request, work)


async def userinfo(session: AsyncSession, environment: Environment, request: ProviderRequest) -> Answer:
    """``/oauth/userinfo`` (OpenID Connect Core section 5.3): what the resident agreed to tell this client."""
    scheme, text = _bearer(request)
    if not text:  # who shows no token is told no error (RFC 6750 section 3.1)
        return 401, {}, [*_JSON, ("WWW-Authenticate", f"Bearer, DPoP {_ALGS}")]

    def work(server: Provider) -> Answer:
        known = look_up(server, text, environment.issuer)
        if known is None or known.token is None or known.family is None:
            return _challenge(scheme, "invalid_token", "The access token is expired, revoked or none of ours.")
        bound = (known.token.cnf or {}).get("jkt", "")
        try:
            jkt = check_proof(server, request, required=bool(bound), token=text)
        except OAuth2Error as error:
            return _challenge("DPoP", error.error, error.description)
        if (scheme == "DPoP") != bool(bound) or (bound and jkt != bound):
            return _challenge("DPoP", "invalid_token", "The access token is bound to another key.")
        if "openid" not in known.token.scope.split():
            return _challenge(scheme, "insufficient_scope", "The scope openid is needed.", 403, scope="openid")
        owner = wait(session.get_one(Session, known.token.sid))
        try:
            account = wait(account_of(session, owner.account_id))
        except (AccountClosedError, UnknownAccountError):
            return _challenge(scheme, "invalid_token", "The account is closed.")
        names = asked_names(known.token.scope)  # the claims parameter adds none to what a scope has been agreed for
        claims: dict[str, Any] = wait(claims_of(session, environment.keys.cipher, account.id, names))
        note_read(session, environment.clock, known.family.client_id, account.id, claims)
        return 200, {"sub": known.token.sub} | claims, _JSON

    return await _run(session, environment, request, work)


def _bearer(request: ProviderRequest) -> tuple[str, str]:
    """Return scheme and token, from the header or, of a form, its body (RFC 6750 section 2); no token: empty."""
    scheme, _, text = (request.headers.get("authorization") or "").partition(" ")
    if text:
        known = {"bearer": "Bearer", "dpop": "DPoP"}.get(scheme.lower(), "")
        return known, text.strip() if known else ""
    return "Bearer", request.payload.data.get("access_token", "") if request.method == "POST" else ""


def _challenge(scheme: str, error: str, description: str, status: int = 401, scope: str = "") -> Answer:
    """Say what is wrong with a token that was shown (RFC 6750 section 3)."""
    said = f'{scheme} error="{error}", error_description="{description}"'
    said += f', scope="{scope}"' if scope else ""
    said += f", {_ALGS}" if scheme == "DPoP" else ""
    body = {"error": error, "error_description": description}
    return status, body, [*_JSON, ("WWW-Authenticate", said)]


async def _run(session: AsyncSession, environment: Environment, request: ProviderRequest, work: Any) -> Answer:
    """Run Authlib's synchronous code inside the transaction (see the package).

    Of a parameter that comes twice one side would read the one and another the other, so none may (RFC 6749 3.2).
    """
    if request.payload.repeated():
        said = "A parameter is given more than once."
        return 400, {"error": "invalid_request", "error_description": said}, _JSON
    answer: Answer = await session.run_sync(lambda _: work(Provider(session, environment)))
    return answer
