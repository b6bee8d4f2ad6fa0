"""The counters of a hall: who sits at which, from when on."""

from flows.appointments.deps import Deps
from flows.appointments.hall.errors import CounterStateError, UnknownCounterError
from flows.appointments.hall.line import locked, present
from flows.appointments.states import AT_COUNTER
from flows.appointments.tables import HallCounter


async def counter_of(deps: Deps, office: str, code: str, *, even_closed: bool = False) -> HallCounter:
    """Return an office's counter, ``even_closed``: though it is out of use. Raises UnknownCounterError."""
    row = await deps.session.get(HallCounter, (office, code), populate_existing=True)
    if row is None or (row.closed_at is not None and not even_closed):
        raise UnknownCounterError(f"There is no counter {code!r}", fix="The file of offices names them (counters:).")
    return row


async def open_counter(deps: Deps, office: str, code: str, actor: str) -> HallCounter:
    """Have a counter call people from now on. Raises UnknownCounterError."""
    await locked(deps, office)
    row = await counter_of(deps, office, code)
    if row.opened_at is None:
        row.opened_at, row.opened_by = deps.clock.now(), actor
        deps.session.add(row)
    return row


async def close_counter(deps: Deps, office: str, code: str) -> HallCounter:
    """Have a counter call nobody any more. Raises UnknownCounterError, CounterStateError while somebody is at it."""
    line = await locked(deps, office, even_closed=True)
    row = await counter_of(deps, office, code, even_closed=True)
    for ticket, booking in await present(deps.session, line):
        if ticket.counter == code and booking.state in AT_COUNTER:
            raise CounterStateError(f"{ticket.number} is at counter {code}", fix="Finish, skip or transfer it first.")
    row.opened_at = row.opened_by = None
    deps.session.add(row)
    return row
