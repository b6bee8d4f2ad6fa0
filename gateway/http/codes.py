"""``/codes/…``: what verifiers fetch and ask (docs/codes.md). Devices sign their requests, so no token is sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from flows.codes import key_sets, revocations
from flows.codes.checking import check
from flows.codes.desk import Desk
from flows.codes.device_auth import Door
from flows.codes.key_sets import LISTS
from flows.codes.reporting import MOST_AT_ONCE, OfflineUse, RequestId, report
from flows.codes.revoking import current_list, newest_version, to_the_minute
from gateway.http.conditional import is_known
from gateway.http.departments import AnyRequest, json
from gateway.http.devices import MOST_BYTES, DeviceDoor, said
from kernel.database import Database

_COSE = 'application/cose; cose-type="cose-sign1"'  # RFC 9052 section 12.3
_FIX = "docs/codes.md has it."
_KEYS_EVERY = 900  # seconds after which the key set is signed anew, so that verifiers see that it is fresh


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
        self._desk = desk
        self._made: dict[str, bytes] = {}  # the revocation list of this minute
        self._door = DeviceDoor(database, Door(desk.redis, desk.cipher, desk.clock))

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
        @get("/codes/revocations")
        async def revocation_list(request: AnyRequest) -> Response[bytes]:
            async with self._door.asking(request) as (session, _):
                now, version = self._desk.clock.now(), await newest_version(session)
                signer = self._desk.keys().signer(LISTS, now)
                etag = f'"{version}-{int(to_the_minute(now).timestamp())}-{signer.kid.hex()}"'
                if (made := self._made.get(etag)) is None:
                    revoked = await current_list(session, self._desk.clock)
                    made = revocations.signed(revoked, signer.private, signer.kid)
                    self._made = {etag: made}
            return _listed(request, etag, lambda: made)

        return revocation_list

    def _check(self) -> HTTPRouteHandler:
        @post("/codes/check", status_code=200, request_max_body_size=MOST_BYTES)
        async def check_code(request: AnyRequest) -> Response[bytes]:
            async with self._door.asking(request) as (session, verifier):
                asked = said(await request.body(), ToCheck, _FIX)
                checked = await check(session, self._desk, verifier, asked.code, asked.request_id)
            return json(checked)

        return check_code

    def _uses(self) -> HTTPRouteHandler:
        @post("/codes/uses", status_code=200, request_max_body_size=MOST_BYTES)
        async def uses(request: AnyRequest) -> Response[bytes]:
            async with self._door.asking(request) as (session, verifier):
                told = said(await request.body(), ToReport, _FIX)
                outcomes = await report(session, self._desk, verifier, told.uses)
            return json({"uses": outcomes})

        return uses


def _listed(request: AnyRequest, etag: str, made: Callable[[], bytes]) -> Response[bytes]:
    """Answer with a signed list, unless the verifier has it already."""
    headers = {"etag": etag, "cache-control": "no-cache"}
    if is_known(request, etag):
        return Response(b"", status_code=304, headers=headers)
    return Response(made(), media_type=_COSE, headers=headers)
