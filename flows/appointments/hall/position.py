"""Where somebody stands in the hall, as they see it themselves."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.hall.estimating import Foretold, Wait, foretold
from flows.appointments.hall.line import line_of
from flows.appointments.hall.tables import HallTicket
from flows.appointments.hall.viewing import TicketView
from flows.appointments.states import ACTIVE, AT_COUNTER, WAITING, State
from kernel.clock import Clock


class Position(Struct, frozen=True):
    """How a booking stands. ``number`` is empty before its person has come; ``ahead`` and ``wait`` are while they wait.

    ``counter``: where to go, while they are called or served.
    """

    state: State
    number: str = ""
    service: str = ""
    ahead: int | None = None
    wait: Wait | None = None
    counter: str | None = None
    calls: int = 0
    called_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state not in ACTIVE

    @property
    def content(self) -> tuple["Position", tuple[int, int, int | None] | None]:
        """What is another one when something is to be told, and not because a second has passed."""
        return replace(self, wait=None), self.wait.minutes if self.wait else None


async def position_of(session: AsyncSession, clock: Clock, row: Booking) -> Position:
    """Return where the person of a booking stands."""
    ticket = await session.get(HallTicket, row.id)
    if ticket is None:
        return Position(row.state)
    found = None
    if row.state in WAITING:
        line = await line_of(session, clock, row.office, even_closed=True)
        found = await foretold(session, clock, line, ticket)
    return position(row.state, ticket, found)


def position(state: State, ticket: HallTicket | TicketView, found: Foretold | None) -> Position:
    """Return where the person of a ticket stands; ``found``: what they are told while they wait."""
    is_there = state in AT_COUNTER
    return Position(
        state=state,
        number=ticket.number,
        service=ticket.service,
        ahead=found.ahead if found else None,
        wait=found.wait if found else None,
        counter=ticket.counter if is_there else None,
        calls=ticket.calls if is_there else 0,
        called_at=ticket.called_at if is_there else None,
    )
