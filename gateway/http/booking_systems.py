"""``POST /appointments/systems/{code}/changes``: a department says that its booking system has changes to be fetched.

It carries nothing: to say it again, or at the wrong time, does no harm.
"""

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from auth.credentials import authenticate
from flows.appointments.errors import UnknownSystemError
from flows.appointments.systems.polling import ask_at_once
from gateway.http.departments import REFUSALS, AnyRequest
from kernel.clock import Clock
from kernel.database import Database


def booking_system_routes(database: Database, clock: Clock) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @post("/appointments/systems/{code:str}/changes", status_code=202, exception_handlers=REFUSALS)
    async def changes(request: AnyRequest, code: FromPath[str]) -> Response[None]:
        """Have the worker ask within two seconds. Raises CredentialRefusedError, UnknownSystemError."""
        async with database.session() as session:
            asking = await authenticate(session, clock, request.headers.get("authorization", ""))
            if not await ask_at_once(session, code, asking.department):
                raise UnknownSystemError(
                    f"{asking.department} has no booking system {code[:60]!r} here",
                    fix="Compare the code with `systems:` in the file of offices.",
                )
        return Response(None, status_code=202)

    return [changes]
