"""``POST /halls/{office}/counters/{counter}/…``: what is done at a counter.

A request that comes twice happens once, by how things stand: a counter has one ticket at a time, and whoever is called,
served or gone already is not once more. A request that names its ticket is refused if another one is there by now.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from flows.appointments.deps import Deps
from flows.appointments.hall import calling
from flows.appointments.hall.counters import close_counter, open_counter
from flows.appointments.hall.errors import CounterStateError
from flows.appointments.hall.tables import HallTicket
from gateway.http.departments import REFUSALS, AnyRequest
from gateway.http.halls.asking import MOST_BYTES, Code, HallDesk, Said, read


class AtCounter(Said, frozen=True, kw_only=True):
    """``ticket``: whom a call is for, out of turn; of everything else, whom the caller believes to be there."""

    ticket: UUID | None = None


class Onward(AtCounter, frozen=True, kw_only=True):
    """Whose line somebody is sent on to."""

    service: Code


class At:
    """A counter of an office, and who acts there."""

    def __init__(self, deps: Deps, office: str, counter: str, actor: str) -> None:
        self.deps, self.office, self.counter, self.actor = deps, office, counter, actor

    @property
    def all(self) -> tuple[Deps, str, str, str]:
        return self.deps, self.office, self.counter, self.actor


Act = Callable[[At, Any], Awaitable[HallTicket | None]]


async def _open(at: At, _: Said) -> None:
    await open_counter(*at.all)


async def _close(at: At, _: Said) -> None:
    await close_counter(at.deps, at.office, at.counter)


async def _call(at: At, said: AtCounter) -> HallTicket | None:
    if said.ticket is not None:
        return await calling.call(at.deps, said.ticket, at.counter, at.actor)
    return await calling.call_next(*at.all)


async def _transfer(at: At, said: Onward) -> HallTicket:
    return _meant(said, await calling.transfer(at.deps, at.office, at.counter, said.service, at.actor))


def _there(work: Callable[[Deps, str, str, str], Awaitable[HallTicket]]) -> Act:
    async def act(at: At, said: AtCounter) -> HallTicket:
        return _meant(said, await work(*at.all))

    return act


def _meant(said: AtCounter, ticket: HallTicket) -> HallTicket:
    """Return the ticket. Raises CounterStateError if another one was meant: nothing is done then."""
    if said.ticket not in (None, ticket.booking_id):
        raise CounterStateError(
            f"{ticket.number} is at counter {ticket.counter} by now", fix="Look at the counter, and choose again."
        )
    return ticket


_ACTS: tuple[tuple[str, type[Said], Act], ...] = (
    ("open", Said, _open),
    ("close", Said, _close),
    ("call", AtCounter, _call),
    ("recall", AtCounter, _there(calling.recall)),
    ("serve", AtCounter, _there(calling.serve)),
    ("finish", AtCounter, _there(calling.finish)),
    ("skip", AtCounter, _there(calling.skip)),
    ("transfer", Onward, _transfer),
)


def counter_routes(desk: HallDesk) -> list[HTTPRouteHandler]:
    """Return Litestar's handlers."""
    return [_route(desk, name, says, act) for name, says, act in _ACTS]


def _route(desk: HallDesk, name: str, says: type[Said], act: Act) -> HTTPRouteHandler:
    path = f"/halls/{{office:str}}/counters/{{counter:str}}/{name}"

    @post(path, name=path, status_code=200, request_max_body_size=MOST_BYTES, exception_handlers=REFUSALS)
    async def acted(request: AnyRequest, office: FromPath[str], counter: FromPath[str]) -> Response[bytes]:
        said = await read(request, says)
        return await desk.act(request, office, lambda deps, actor: act(At(deps, office, counter, actor), said))

    return acted
