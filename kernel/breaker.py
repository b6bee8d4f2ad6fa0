"""The circuit breaker: a pure state table over plain numbers. It lets a failing service rest and callers fail fast."""

from enum import Enum, auto

from msgspec import Struct


class State(Enum):
    """Whether calls pass: all, none, or one to try."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Event(Enum):
    """What moves the breaker."""

    TRIPPED = auto()  # too many failures
    RESTED = auto()  # the pause is over
    PROBE_SUCCEEDED = auto()
    PROBE_FAILED = auto()


TRANSITIONS = {
    (State.CLOSED, Event.TRIPPED): State.OPEN,
    (State.OPEN, Event.RESTED): State.HALF_OPEN,
    (State.HALF_OPEN, Event.PROBE_SUCCEEDED): State.CLOSED,
    (State.HALF_OPEN, Event.PROBE_FAILED): State.OPEN,
}

REFUSED = -1


class BreakerRules(Struct, frozen=True):
    """When to trip and how long to rest.

    Trips after ``consecutive`` failures, or if of at least ``least_calls`` calls within about ``window_seconds`` the
    share ``ratio`` failed. The pause doubles with every failed probe.
    """

    consecutive: int = 5
    least_calls: int = 20
    ratio: float = 0.5
    window_seconds: float = 10.0
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 30.0


class Breaker:
    """One service's breaker; all times are the caller's monotonic seconds.

    A call takes a ticket with ``enter`` and gives it back with exactly one of ``succeeded``, ``failed``, ``withdrawn``.
    Tickets from before the last transition count no more: late answers tell nothing about the present.
    """

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self.rules = rules or BreakerRules()
        self.state = State.CLOSED
        self.opened_at: float | None = None
        self.rests_until = 0.0
        self._era = 0
        self._pause_seconds = 0.0
        self._probing = False
        self._clear()

    def refuses(self, now: float) -> bool:
        """Whether ``enter`` would refuse now; takes no ticket."""
        if self.state is State.OPEN:
            return now < self.rests_until
        return self._probing

    def enter(self, now: float) -> int:
        """Return a ticket, or ``REFUSED``."""
        if self.state is State.CLOSED:
            return self._era
        if self.refuses(now):
            return REFUSED
        if self.state is State.OPEN:
            self._move(Event.RESTED)
        self._probing = True
        return self._era

    def succeeded(self, ticket: int, now: float) -> None:
        if ticket != self._era:
            return
        if self.state is State.HALF_OPEN:
            self._move(Event.PROBE_SUCCEEDED)
            self.opened_at, self._pause_seconds = None, 0.0
            self._clear()
            return
        self._row = 0
        if now >= self._half_ends:
            self._turn(now)
        self._calls += 1

    def failed(self, ticket: int, now: float) -> None:
        if ticket != self._era:
            return
        if self.state is State.HALF_OPEN:
            self._rest(Event.PROBE_FAILED, now)
            return
        if now >= self._half_ends:
            self._turn(now)
        self._row += 1
        self._calls += 1
        self._failures += 1
        if self._is_failing():
            self.opened_at = now
            self._rest(Event.TRIPPED, now)

    def withdrawn(self, ticket: int) -> None:
        """End a call that tells nothing about the service: cancelled, never sent, or given too little time."""
        if ticket == self._era:
            self._probing = False

    def _is_failing(self) -> bool:
        if self._row >= self.rules.consecutive:
            return True
        calls = self._calls + self._older_calls
        return calls >= self.rules.least_calls and self._failures + self._older_failures >= self.rules.ratio * calls

    def _rest(self, event: Event, now: float) -> None:
        self._move(event)
        longer = max(self.rules.first_pause_seconds, 2 * self._pause_seconds)
        self._pause_seconds = min(longer, self.rules.longest_pause_seconds)
        self.rests_until = now + self._pause_seconds

    def _move(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]
        self._era += 1
        self._probing = False

    def _clear(self) -> None:
        self._row = self._calls = self._failures = self._older_calls = self._older_failures = 0
        self._half_ends = 0.0

    def _turn(self, now: float) -> None:
        """Begin a new half of the window; the one before it counts on, older ones do not."""
        half = self.rules.window_seconds / 2
        recent = now < self._half_ends + half
        self._older_calls, self._older_failures = (self._calls, self._failures) if recent else (0, 0)
        self._calls = self._failures = 0
        self._half_ends = now + half
