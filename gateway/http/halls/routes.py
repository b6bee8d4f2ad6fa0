"""All routes of halls, for ``gateway.app``."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from sqlalchemy import literal
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.credentials import authenticate
from flows.appointments.tables import AppointmentOffice, HallCounter
from gateway.http.departments import REFUSALS, AnyRequest, json
from gateway.http.event_stream import Streams
from gateway.http.halls.asking import HallDesk
from gateway.http.halls.counters import counter_routes
from gateway.http.halls.live import HallStreams
from gateway.http.halls.page import page_routes
from gateway.http.halls.tickets import ticket_routes
from kernel.clock import Clock
from schema.context import Platform
from services_catalog.organisations.roles import where_may
from services_catalog.organisations.tables import Organisation


class Office(Struct, frozen=True, rename="camel"):
    """An office whose hall somebody may see; ``serves``: and work at its counters."""

    code: str
    name_zh: str
    name_en: str
    time_zone: str
    serves: bool


def hall_routes(platform: Platform, streams: Streams) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    environment = platform.environment
    desk = HallDesk(platform.database, environment.clock, environment.keys.cipher)
    return [
        *_reading(desk),
        *HallStreams(desk, platform.halls, streams).handlers(),
        *counter_routes(desk),
        *ticket_routes(desk, platform.desk),
        *page_routes(),
    ]


def _reading(desk: HallDesk) -> list[HTTPRouteHandler]:
    @get("/halls", exception_handlers=REFUSALS)
    async def offices(request: AnyRequest) -> Response[bytes]:
        """List the offices whose halls the one who asks may see. Raises CredentialRefusedError."""
        async with desk.database.session() as session:
            asking = await authenticate(session, desk.clock, request.headers.get("authorization", ""))
            found = await _offices(session, desk.clock, f"credential:{asking.key_id}")
        return json({"offices": found})

    @get("/halls/{office:str}", exception_handlers=REFUSALS)
    async def hall(request: AnyRequest, office: FromPath[str]) -> Response[bytes]:
        """Return a hall as it stands. Raises as ``staff`` does."""
        async with desk.database.session() as session:
            found = await desk.shown(session, request, office)
        return json(found)

    return [offices, hall]


async def _offices(session: AsyncSession, clock: Clock, actor: str) -> list[Office]:
    now = clock.now()
    serves = where_may(actor, "serve_residents", now)
    counter = select(HallCounter).where(HallCounter.office == AppointmentOffice.code)
    is_open = counter.where(col(HallCounter.opened_at).is_not(None)).exists()  # somebody may be at it still
    chosen = (
        select(AppointmentOffice, serves & literal(value=True))
        .join(Organisation, col(Organisation.code) == col(AppointmentOffice.organisation))
        .where(where_may(actor, "show_hall", now), or_(col(AppointmentOffice.closed_at).is_(None), is_open))
    )
    rows = (await session.exec(chosen.order_by(col(AppointmentOffice.code)))).all()
    return [Office(row.code, row.name_zh, row.name_en, row.time_zone, bool(may)) for row, may in rows]
