"""What the example departments share: RFC 9457 problem documents, who asks, and a one-process HTTP server."""

import argparse
import asyncio
import datetime as dt
import enum
import os
import signal
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.types import ControllerRouterHandler, Guard
from msgspec import Struct

from examples.departments.identity import (
    HEADER,
    KEYS_PATH,
    Level,
    NoKeysError,
    PlatformKeys,
    RefusedError,
    Verifier,
)

CITY_TIME = dt.timezone(dt.timedelta(hours=8), "CST")  # China has one time and no summer time
PROBLEM_MEDIA_TYPE = "application/problem+json"


ASSERTED = {
    "unauthorized": "The platform does not say, or not surely enough, who asks.",
    "service_unavailable": "The platform's keys cannot be had now.",
}
"""The problem answers of an operation that ``needs`` a level."""


class Remark(Struct):
    """What is wrong with one part of a request."""

    message: str
    where: str


class Problem(Struct, omit_defaults=True):
    """A problem document (RFC 9457)."""

    title: str
    status: int
    detail: str = ""
    instance: str = ""
    remarks: list[Remark] | None = None


class ProblemError(HTTPException):
    """Raised by a handler to answer with a problem document."""


def now() -> dt.datetime:
    """Return the city's time."""
    return dt.datetime.now(CITY_TIME)


def problems(**details: str) -> dict[int, ResponseSpec]:
    """Declare the problem answers of a handler: ``problems(not_found="no such lot")``; 400 is always one."""
    details.setdefault("bad_request", "A part of the request is wrong.")
    return {
        HTTPStatus[name.upper()].value: ResponseSpec(
            Problem, generate_examples=False, description=text, media_type=PROBLEM_MEDIA_TYPE
        )
        for name, text in details.items()
    }


def answer_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Turn any HTTP error into a problem document."""
    listed = error.extra if isinstance(error.extra, list) else []
    remarks = [
        Remark(message=str(each["message"]), where=f"{_place(each)} {each.get('key', '')}".strip())
        for each in listed
        if isinstance(each, dict)
    ]
    problem = Problem(
        title=HTTPStatus(error.status_code).phrase,
        status=error.status_code,
        detail=error.detail,
        instance=request.url.path,
        remarks=remarks or None,
    )
    return Response(problem, status_code=error.status_code, media_type=PROBLEM_MEDIA_TYPE, headers=error.headers)


def _place(remark: dict[str, Any]) -> str:
    source = remark.get("source", "body")
    return str(source.value if isinstance(source, enum.Enum) else source)


def needs(level: Level, by: str = "verifier") -> Guard:
    """Let in whom the platform vouches for at this level; anybody where no platform is trusted (see ``main``).

    ``by``: ``system_verifier`` where it is the platform that asks a booking system.
    """

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        verify: Verifier | None = connection.app.state.get(by)
        if verify is None:
            return
        try:
            connection.state.resident = (await verify(connection.headers.get(HEADER), level)).sub
        except RefusedError as error:
            raise ProblemError(str(error), status_code=401, headers={"www-authenticate": HEADER}) from error
        except NoKeysError as error:
            raise ProblemError(str(error), status_code=503, headers={"retry-after": "30"}) from error

    return guard


def _resident(request: Request[Any, Any, Any]) -> str:
    """Return the name of who asks at an operation that ``needs`` a level, empty where no platform is trusted."""
    name: str = request.state.get("resident", "")
    return name


def application(handlers: Sequence[ControllerRouterHandler], openapi: OpenAPIConfig | None) -> Litestar:
    """Build a department's application; ``openapi`` is None where the document is written by hand."""
    return Litestar(
        handlers,
        openapi_config=openapi,
        exception_handlers={HTTPException: answer_problem},
        dependencies={"resident": Provide(_resident, sync_to_thread=False)},
    )


def main(app: Litestar, *, name: str, port: int) -> None:
    """Serve ``app`` until SIGTERM or Ctrl-C: ``python -m examples.departments.<name> [--host H] [--port P]``.

    ``--trust`` names the platform whose word about who asks is taken, and required where an operation ``needs`` it.
    """
    parser = argparse.ArgumentParser(prog=f"python -m examples.departments.{name}", description=app.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=port)
    parser.add_argument("--trust", metavar="ISSUER", help="the platform that says who asks; without it all are let in")
    parser.add_argument("--keys", metavar="URL", help=f"where its keys are, ISSUER{KEYS_PATH} by default")
    options = parser.parse_args()
    if options.trust:
        keys = PlatformKeys(options.keys or options.trust + KEYS_PATH)
        app.state.verifier = Verifier(options.trust, f"service:{name}", keys)
        app.state.system_verifier = Verifier(options.trust, f"system:{name}", keys)
        print(f"{name}: who asks is what {options.trust} says, for whatever is a resident's own", flush=True)  # noqa: T201 - for its log
    else:
        print(f"{name}: OPEN to anybody, for trying it alone; --trust ISSUER lets in residents only", flush=True)  # noqa: T201 - as above
    asyncio.run(_serve(app, options.host, options.port))
    os._exit(0)  # about one in fifty times a thread of granian's aborts an orderly exit of the interpreter


async def _serve(app: Litestar, host: str, port: int) -> None:
    server = Server(app, host, port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
