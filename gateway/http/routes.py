"""Every path but ``/graphql``, hosted by Litestar: a feature adds its routes here."""

import logging
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from gateway.errors import DefectError, NotServedError
from gateway.http.refusing import error_body
from kernel.errors import YiwangError

_RETRY_SECONDS = 5  # said with every 503: what is busy or away is so for seconds

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]


def other_routes(handlers: Iterable[HTTPRouteHandler], beside: Iterable[str] = ()) -> ASGIApp:
    """Return the application of these handlers; errors have one form (``error_body``).

    ``beside`` are the paths that are answered elsewhere, to be named where there is nothing.
    """
    served = list(handlers)
    paths = sorted({*beside, *(_shown(path) for handler in served for path in handler.paths)})

    def not_served(request: AnyRequest, error: HTTPException) -> Response[bytes]:
        missing = NotServedError(
            f"{request.method} {request.url.path}: {error.detail}", fix=f"The paths are {', '.join(paths)}."
        )
        return _answer(missing, error.status_code, error.headers)

    return Litestar(
        route_handlers=served,
        openapi_config=None,
        exception_handlers={YiwangError: _refused, HTTPException: not_served, Exception: _defect},
        logging_config=None,
    )


def _shown(path: str) -> str:
    """Return a path without the router's types: ``/schema/{file:str}`` is ``/schema/{file}``."""
    return re.sub(r":[a-z]+}", "}", path)


def _refused(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    later = {"retry-after": str(_RETRY_SECONDS)} if error.http_status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return _answer(error, error.http_status, later)


def _defect(request: AnyRequest, error: Exception) -> Response[bytes]:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(DefectError(), DefectError.http_status)


def _answer(error: YiwangError, status: int, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(error_body(error)), status_code=status, media_type="application/json", headers=headers
    )
