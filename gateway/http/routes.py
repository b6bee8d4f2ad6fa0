"""Every path but ``/graphql``, hosted by Litestar: a feature adds its routes here."""

from collections.abc import Iterable
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from kernel.errors import YiwangError


def other_routes(handlers: Iterable[HTTPRouteHandler]) -> ASGIApp:
    """Return the application of these handlers; errors have one form, ``{"error": {code, message, fix}}``."""
    return Litestar(
        route_handlers=list(handlers),
        openapi_config=None,
        exception_handlers={YiwangError: _refused, HTTPException: _not_served},
        logging_config=None,
    )


def _refused(_: Request[Any, Any, Any], error: YiwangError) -> Response[dict[str, Any]]:
    body = {"code": error.code, "message": error.message, "fix": error.fix}
    return Response({"error": body}, status_code=error.http_status)


def _not_served(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    fix = "The paths are /graphql, /graphiql, /schema.graphql, /publish, /health, /metrics."
    body = {"code": "HTTP_ERROR", "message": f"{request.method} {request.url.path}: {error.detail}", "fix": fix}
    return Response({"error": body}, status_code=error.status_code, headers=error.headers)
