"""What the routes of departments and front-end teams share: who asks, what they send, and how refusals are answered."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError

from auth.credentials import Publisher, authenticate
from gateway.errors import RequestError, RequestTooLargeError
from gateway.http.refusing import error_body, in_words
from gateway.registry import RegistryUnavailableError
from kernel.clock import Clock
from kernel.database import Database
from kernel.errors import YiwangError
from services_catalog.bundle import MAX_BYTES

MAX_BODY_BYTES = 2 * MAX_BYTES + 2**20  # the bundle as JSON text, escaped, and the manifest

AnyRequest = Request[Any, Any, Any]
_T = TypeVar("_T")

_BY_COMMAND = "The command `yiwang` sends what is right."
_KEY = "idempotency-key"  # draft-ietf-httpapi-idempotency-key-header
_MOST_KEY = 100

_DATA_EXCEPTION = "22"  # PostgreSQL's class of errors in values (appendix A), such as text with a NUL

DATABASE_ERRORS = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What the database says, by SQLAlchemy or past it (``kernel.database.driver``), or why it cannot be asked."""

_log = logging.getLogger(__name__)


async def publisher(database: Database, clock: Clock, request: AnyRequest) -> Publisher:
    """Say who asks, before anything of the body is read. Raises CredentialRefusedError."""
    async with database.session() as session:
        return await authenticate(session, clock, request.headers.get("authorization", ""))


async def body(
    request: AnyRequest,
    type_: type[_T],
    most: int = MAX_BODY_BYTES,
    empty: bytes = b"",
    *,
    reference: str = _BY_COMMAND,
) -> _T:
    """Return the request's JSON as a value of a type; without a body, that of ``empty``.

    ``reference`` says where its fields are described, of what no command sends. Raises RequestError, and
    RequestTooLargeError beyond ``most``.
    """
    try:
        return msgspec.json.decode(await request.body() or empty, type=type_)
    except HTTPException as error:
        raise RequestTooLargeError(
            f"The body is longer than {most} bytes",
            fix="Take examples out of the document, or split the service."
            if reference == _BY_COMMAND
            else f"Send what is needed. {reference}",
        ) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RequestError(f"The body cannot be read: {in_words(error)}", fix=reference) from error


def idempotency_key(request: AnyRequest) -> str:
    """Return what a call is known by if it is sent again. Raises RequestError."""
    key: str = request.headers.get(_KEY, "")
    if not 8 <= len(key) <= _MOST_KEY or not key.isascii() or not key.isprintable():
        raise RequestError(
            "This changes something, so it needs an Idempotency-Key",
            fix=f"Send 8 to {_MOST_KEY} characters of your own, the same ones when you send the call again.",
        )
    return key


def json(value: object, status: int = 200) -> Response[bytes]:
    """Answer with a value."""
    challenge = {"www-authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}  # RFC 6750 section 3
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json", headers=challenge)


def _refusal(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    return json(error_body(error), error.http_status)


def refusals(answer: Callable[[AnyRequest, YiwangError], Response[Any]]) -> ExceptionHandlersMap:
    """Answer with errors of ours; what the database does not take is a bad request, and 503 what it cannot do now."""

    def failed(request: AnyRequest, error: Exception) -> Response[Any]:
        state = str(getattr(getattr(error, "orig", error), "sqlstate", ""))
        if state.startswith(_DATA_EXCEPTION):
            refused = RequestError("The request holds a value that the catalogue cannot store", fix="Send plain text.")
            return answer(request, refused)
        _log.error("the database failed a department's request", exc_info=error)
        away = RegistryUnavailableError("The database cannot be asked at the moment", fix="Try again in a few seconds.")
        return answer(request, away)

    return {YiwangError: answer} | dict.fromkeys(DATABASE_ERRORS, failed)


REFUSALS = refusals(_refusal)
