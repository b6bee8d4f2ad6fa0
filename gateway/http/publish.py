"""``POST /publish``, ``POST /rollback``, ``GET /services``: how departments make services part of the graph."""

import logging
import time
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ExceptionHandlersMap
from msgspec import Meta, Struct
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError

from auth.credentials import Publisher, authenticate
from gateway.errors import RequestError, RequestTooLargeError
from gateway.registry import Registry, RegistryUnavailableError
from kernel.clock import SystemClock
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.errors import YiwangError
from kernel.settings import Settings
from services_catalog.bundle import MAX_BYTES
from services_catalog.listing import live_services
from services_catalog.manifest import ServiceName
from services_catalog.platform_names import PlatformNames
from services_catalog.publishing import Publishing, Submission

MAX_BODY_BYTES = 2 * MAX_BYTES + 2**20  # the bundle as JSON text, escaped, and the manifest

AnyRequest = Request[Any, Any, Any]
_T = TypeVar("_T")

_DATA_EXCEPTION = "22"  # PostgreSQL's class of errors in values (appendix A), such as text with a NUL

_log = logging.getLogger(__name__)


class RollBack(Struct, frozen=True, forbid_unknown_fields=True):
    """Which service goes back; without ``to``, to the version before the live one."""

    service: ServiceName
    to: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None  # PostgreSQL's integer


class PublishingRoutes:
    """The handlers, with what they need. Each change is live in this process before its answer is sent."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        registry: Registry,
        settings: Settings,
        platform: PlatformNames,
        *,
        cipher: FieldCipher,
    ) -> None:
        self._database = database
        self._registry = registry
        self._clock = SystemClock()
        self._publishing = Publishing(database, redis, self._clock, settings, platform, cipher=cipher)

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @post("/publish", status_code=200, request_max_body_size=MAX_BODY_BYTES, exception_handlers=_REFUSALS)
        async def publish(request: AnyRequest) -> Response[bytes]:
            publisher = await self._publisher(request)
            submission = await _body(request, Submission)
            publication = await self._publishing.publish(publisher.department, publisher.key_id, submission)
            if publication.status == "published":
                await self._take_over()
            _log.info(
                "publication",
                extra=_who(publisher, publication.service)
                | {"version": publication.version, "status": publication.status, "forced": submission.force}
                | {"milliseconds": round(publication.milliseconds)},
            )
            return _json(publication)

        @post("/rollback", status_code=200, request_max_body_size=2**16, exception_handlers=_REFUSALS)
        async def rollback(request: AnyRequest) -> Response[bytes]:
            publisher = await self._publisher(request)
            wanted = await _body(request, RollBack)
            began = time.perf_counter()
            change = await self._publishing.roll_back(publisher.department, publisher.key_id, wanted.service, wanted.to)
            await self._take_over()
            milliseconds = round((time.perf_counter() - began) * 1000)
            _log.info(
                "rollback",
                extra=_who(publisher, wanted.service) | {"version": change.version, "milliseconds": milliseconds},
            )
            return _json(change)

        @get("/services", exception_handlers=_REFUSALS)
        async def services() -> Response[bytes]:
            async with self._database.session() as session:
                return _json(await live_services(session))

        return [publish, rollback, services]

    async def _publisher(self, request: AnyRequest) -> Publisher:
        """Say who asks, before anything of the body is read."""
        async with self._database.session() as session:
            return await authenticate(session, self._clock, request.headers.get("authorization", ""))

    async def _take_over(self) -> None:
        """Serve what was just stored and announced; if that fails now, the registry finds it by itself."""
        try:
            await self._registry.refresh()
        except Exception:  # noqa: BLE001 - the change is made: to answer with an error would be wrong
            _log.exception("a change is stored but not yet served by this process")


def _who(publisher: Publisher, service: str) -> dict[str, Any]:
    return {"department": publisher.department, "key_id": publisher.key_id, "service": service}


async def _body(request: AnyRequest, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(await request.body(), type=type_)
    except HTTPException as error:
        raise RequestTooLargeError(
            f"The submission is longer than {MAX_BODY_BYTES} bytes",
            fix="Take examples out of the document, or split the service.",
        ) from error
    except msgspec.MsgspecError as error:
        raise RequestError(
            f"The body is not what is expected here: {error}", fix="`yiwang publish` sends what is right."
        ) from error


def _json(value: object, status: int = 200) -> Response[bytes]:
    challenge = {"www-authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}  # RFC 6750 section 3
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=challenge)


def _refusal(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    """Answer with the error, and with whatever a publication's error knows beyond its message."""
    return _json(
        {
            "error": {
                "code": error.code,
                "message": error.message,
                "fix": error.fix,
                "retryable": error.retryable,
            },
            "findings": getattr(error, "findings", ()),
            "changes": getattr(error, "changes", ()),
        },
        error.http_status,
    )


def _unavailable(request: AnyRequest, error: Exception) -> Response[bytes]:
    if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith(_DATA_EXCEPTION):
        refused = RequestError("The request holds a value that the catalogue cannot store", fix="Send plain text.")
        return _refusal(request, refused)
    _log.error("the database failed a publication", exc_info=error)
    return _refusal(
        request,
        RegistryUnavailableError("The catalogue cannot be changed at the moment", fix="Try again in a few seconds."),
    )


_REFUSALS: ExceptionHandlersMap = {YiwangError: _refusal, DBAPIError: _unavailable, OSError: _unavailable}
