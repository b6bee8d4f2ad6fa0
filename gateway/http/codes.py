"""``/codes/…``: what verifiers fetch and ask (docs/codes.md). Devices sign their requests, so no token is sent."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes import key_sets, revocations
from flows.codes.checking import check
from flows.codes.desk import Desk
from flows.codes.device_auth import Door, verifier_of
from flows.codes.key_sets import LISTS
from flows.codes.message_signatures import SignedRequest
from flows.codes.reporting import MOST_AT_ONCE, OfflineUse, RequestId, report
from flows.codes.revoking import current_list
from flows.codes.tables import CodeVerifier
from gateway.errors import RequestError, RequestTooLargeError
from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest, json
from kernel.database import Database

_COSE = 'application/cose; cose-type="cose-sign1"'  # RFC 9052 section 12.3
_MOST_BYTES = 2**20
_KEYS_EVERY = 900  # seconds after which the key set is signed anew, so that verifiers see that it is fresh
_T = TypeVar("_T")


class ToCheck(Struct, frozen=True, forbid_unknown_fields=True):
    """A code that was read, and the verifier's own id of that: the same one when it asks again."""

    code: Annotated[str, Meta(max_length=400)]
    request_id: RequestId


class ToReport(Struct, frozen=True, forbid_unknown_fields=True):
    """Uses that were accepted offline."""

    uses: Annotated[list[OfflineUse], Meta(min_length=1, max_length=MOST_AT_ONCE)]


class CodeRoutes:
    """The handlers, with what they need."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk
        self._door = Door(desk.redis, desk.cipher, desk.clock)

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [self._keys(), self._revocations(), self._check(), self._uses()]

    def _keys(self) -> HTTPRouteHandler:
        @get("/codes/keys")
        async def keys(request: AnyRequest) -> Response[bytes]:
            known, now = self._desk.keys(), self._desk.clock.now()
            made_at = datetime.fromtimestamp(now.timestamp() // _KEYS_EVERY * _KEYS_EVERY, UTC)
            signer = known.signer(LISTS, now)
            etag = f'"{known.published.version}-{int(made_at.timestamp())}"'
            return _listed(request, etag, lambda: key_sets.signed(known.published, made_at, signer.private, signer.kid))

        return keys

    def _revocations(self) -> HTTPRouteHandler:
        async def listed(request: AnyRequest, session: AsyncSession, _: CodeVerifier) -> Response[bytes]:
            revoked = await current_list(session, self._desk.clock)
            signer = self._desk.keys().signer(LISTS, self._desk.clock.now())
            etag = f'"{revoked.version}-{int(revoked.issued_at.timestamp())}"'
            return _listed(request, etag, lambda: revocations.signed(revoked, signer.private, signer.kid))

        @get("/codes/revocations")
        async def revoked(request: AnyRequest) -> Response[bytes]:
            return await self._asked(request, listed)

        return revoked

    def _check(self) -> HTTPRouteHandler:
        async def checked(request: AnyRequest, session: AsyncSession, verifier: CodeVerifier) -> Response[bytes]:
            asked = _said(await request.body(), ToCheck)
            return json(await check(session, self._desk, verifier, asked.code, asked.request_id))

        @post("/codes/check", status_code=200, request_max_body_size=_MOST_BYTES)
        async def check_code(request: AnyRequest) -> Response[bytes]:
            return await self._asked(request, checked)

        return check_code

    def _uses(self) -> HTTPRouteHandler:
        async def reported(request: AnyRequest, session: AsyncSession, verifier: CodeVerifier) -> Response[bytes]:
            said = _said(await request.body(), ToReport)
            return json({"uses": await report(session, self._desk, verifier, said.uses)})

        @post("/codes/uses", status_code=200, request_max_body_size=_MOST_BYTES)
        async def uses(request: AnyRequest) -> Response[bytes]:
            return await self._asked(request, reported)

        return uses

    async def _asked(
        self,
        request: AnyRequest,
        answer: Callable[[AnyRequest, AsyncSession, CodeVerifier], Awaitable[Response[bytes]]],
    ) -> Response[bytes]:
        """Answer a verifier, in one transaction. Raises DeviceRefusedError, RequestError, CodesUnavailableError."""
        signed = await signed_request(request)
        async with self._database.session() as session:
            return await answer(request, session, await verifier_of(session, self._door, signed))


async def signed_request(request: AnyRequest) -> SignedRequest:
    """Return a request as its signature is over it. Raises RequestTooLargeError."""
    try:
        body = await request.body()
    except HTTPException as error:
        raise RequestTooLargeError(f"The body is longer than {_MOST_BYTES} bytes", fix="Send less at once.") from error
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    headers = {name: ", ".join(request.headers.getall(name)) for name in request.headers}
    return SignedRequest(request.method, headers.get("host", ""), f"{path}?{query}" if query else path, headers, body)


def _listed(request: AnyRequest, etag: str, made: Callable[[], bytes]) -> Response[bytes]:
    """Answer with a signed list, unless the verifier has it already."""
    headers = {"etag": etag, "cache-control": "no-cache"}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(made(), media_type=_COSE, headers=headers)


def _said(body: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise RequestError(f"The body is not what is expected here: {error}", fix="docs/codes.md has it.") from error
