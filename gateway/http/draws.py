"""``/appointments/draws/{release}``: a draw for everybody who wants to check it (``yiwang draw verify``)."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from flows.appointments.draw.releases import published
from flows.appointments.errors import UnknownDrawError
from gateway.http.departments import AnyRequest, json
from kernel.crypto.keys import Keys
from kernel.database import Database


def draw_routes(database: Database, keys: Keys) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""

    @get("/appointments/draws/{release:str}")
    async def draw(request: AnyRequest, release: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - the framework's
        """Return the draw; its seed and entries once it is over. Raises UnknownDrawError."""
        async with database.snapshot() as session:
            found = await published(session, keys, release)
        if found is None:
            raise UnknownDrawError(
                f"There is no draw {release!r}, or nobody has joined it",
                fix="`appointmentDraw` in the graph names the release.",
            )
        return json(found)

    return [draw]
