"""``/faults``, ``/events`` and ``/clock``: what goes wrong on purpose, what happened, and what time it is."""

import difflib
from datetime import datetime, timedelta
from typing import Annotated

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody
from msgspec import Meta, Struct

from adapters.sandbox.errors import REFUSALS, SandboxRefusedError
from adapters.sandbox.hosts import Sandbox
from adapters.sandbox.world import Event, Fault


class Faults(Struct, frozen=True):
    """The faults that each place knows, and those that are planned, the next one first."""

    places: dict[str, tuple[Fault, ...]]
    planned: dict[str, list[Fault]]


class Plan(Struct, frozen=True):
    """Have the next ``times`` happenings of a place go wrong."""

    where: str
    fault: Fault
    times: Annotated[int, Meta(ge=1, le=100)] = 1


class Time(Struct, frozen=True):
    """The sandbox's time, how far it has been moved, and the seed of this run."""

    now: datetime
    ahead_seconds: float
    seed: int


class Move(Struct, frozen=True):
    """Move the clock ahead, up to a year."""

    advance_seconds: Annotated[float, Meta(gt=0, le=366 * 86_400)]


class Controls:
    """The handlers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._world = sandbox.world
        self._clock = sandbox.clock
        self._hosts = [each.provider for each in sandbox.hosts]

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [*self._faults(), *self._time()]

    def _faults(self) -> list[HTTPRouteHandler]:
        @get("/faults", sync_to_thread=False, tags=["controls"], summary="List places and planned faults")
        def faults() -> Faults:
            """What can go wrong where, and what will."""
            return self._planned()

        @post("/faults", sync_to_thread=False, responses=REFUSALS, tags=["controls"], summary="Plan a fault")
        def plan(data: JSONBody[Plan]) -> Faults:
            """Have something go wrong the next time it happens."""
            self._check(data)
            self._world.plan_fault(data.where, data.fault, data.times)
            return self._planned()

        @delete("/faults", sync_to_thread=False, tags=["controls"], summary="Take back planned faults")
        def forget() -> None:
            """Have nothing go wrong."""
            self._world.forget_faults()

        return [faults, plan, forget]

    def _time(self) -> list[HTTPRouteHandler]:
        @get("/events", sync_to_thread=False, tags=["controls"], summary="Read the event log")
        def events(host: FromQuery[str | None] = None) -> list[Event]:
            """What the simulators did and refused, the oldest first, at most 500; ``host`` chooses one's."""
            return [each for each in self._world.events if host in {None, each.host}]

        @get("/clock", sync_to_thread=False, tags=["controls"], summary="Tell the time and the seed")
        def clock() -> Time:
            """The time by which everything here expires."""
            return self._time_now()

        @post("/clock", sync_to_thread=False, responses=REFUSALS, tags=["controls"], summary="Move the clock ahead")
        def move(data: JSONBody[Move]) -> Time:
            """Make things expire. What your code signs is too old once it is minutes behind."""
            self._clock.advance(timedelta(seconds=data.advance_seconds))
            return self._time_now()

        return [events, clock, move]

    def _planned(self) -> Faults:
        return Faults(self._world.places, self._world.planned_faults())

    def _time_now(self) -> Time:
        return Time(self._clock.now(), self._clock.ahead.total_seconds(), self._world.seed)

    def _check(self, plan: Plan) -> None:
        """Refuse places that surely nothing happens at. A host that lists none is believed."""
        places = self._world.places
        owner, dot, rest = plan.where.partition(".")
        listed = [each for each in places if each.startswith(f"{owner}.")]
        known = plan.where in places if listed else owner in self._hosts and dot and rest
        if not known:
            near = difflib.get_close_matches(plan.where, places, n=1)
            raise SandboxRefusedError(
                f"Nothing happens at {plan.where!r}",
                fix=f"Did you mean {near[0]}?" if near else "GET /faults lists the places.",
            )
        if plan.where in places and plan.fault not in places[plan.where]:
            raise SandboxRefusedError(
                f"{plan.where} does not know {plan.fault}", fix=f"It knows {', '.join(places[plan.where])}."
            )
