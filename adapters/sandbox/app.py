"""The sandbox as an ASGI application: every simulated host's own API, the phones' and controls' API, and the page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from adapters.sandbox.controls import Controls
from adapters.sandbox.errors import Problem
from adapters.sandbox.hosts import Sandbox
from adapters.sandbox.page import page_routes
from adapters.sandbox.phones import Phones
from kernel.errors import YiwangError
from kernel.version import __version__

AnyRequest = Request[Any, Any, Any]
_DOCUMENT = "/schema/openapi.json"


def sandbox_app(sandbox: Sandbox, opens: Sequence[str] = ()) -> Litestar:
    """Assemble the application. Its own errors are Problems; a simulated host answers as that host does.

    ``opens``: origins elsewhere whose pages the phones open.
    """
    simulated = [
        *(route for host in sandbox.hosts for route in host.routes()),
        *sandbox.identity.routes(),
        *sandbox.vehicles.routes(),
    ]
    own = Router(
        "/",
        route_handlers=[
            *Phones(sandbox).handlers(),
            *Controls(sandbox).handlers(),
            *sandbox.vehicles.controls(),
            *page_routes(opens),
        ],
        exception_handlers={YiwangError: _refused, HTTPException: _not_understood},
    )
    return Litestar(
        [*simulated, own],
        exception_handlers={HTTPException: _not_understood},
        cors_config=CORSConfig(
            allow_origins=["*"]
        ),  # pages of other origins may use the phones; nothing here is secret
        openapi_config=OpenAPIConfig(
            title="Yiwang sandbox",
            version=__version__,
            description="Simulated host apps and the phones to use them with. docs/sandbox.md has examples.",
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
            use_handler_docstrings=True,
        ),
        on_shutdown=[sandbox.later.stop],
    )


def _refused(_: AnyRequest, error: YiwangError) -> Response[bytes]:
    return _problem(error.http_status, Problem(error.code, error.message, error.fix))


def _not_understood(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Say what of a request is wrong, from what Litestar found."""
    status = error.status_code
    found = [each for each in error.extra if isinstance(each, dict)] if isinstance(error.extra, list) else []
    parts = [f"{each.get('key', 'body')}: {each.get('message')}" for each in found]
    message = "; ".join(parts) or error.detail
    if status == HTTPStatus.NOT_FOUND:
        message = f"Nothing is served at {request.url.path}"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{request.url.path} does not take {request.method}"
    return _problem(
        status,
        Problem(
            f"SANDBOX_{HTTPStatus(status).name}", message, f"{_DOCUMENT} describes what is served and what it takes."
        ),
    )


def _problem(status: int, problem: Problem) -> Response[bytes]:
    return Response(msgspec.json.encode(problem), status_code=status, media_type="application/json")
