"""A site's log and what we have of the same numbers, laid side by side. Pure.

The chain from the arm to the money, each link compared once: line and event, the event's cash and its session, what the
site let out owing and the session's fee, the session's payments and the ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from flows.parking.site_logs.wire import LogLine

Difference = Literal[
    "only_site",  # the site says that it happened, and no event of it came
    "only_ours",  # we have an event that the site's log has not
    "lift_diff",  # the arm opened as one side says, and not as the other does
    "cash_diff",  # the amounts of one line and its event differ
    "cash_not_counted",  # cash that came with events, and not into the session's account
    "owed_diff",  # the site let somebody out who owed another amount by their session
    "ledger_diff",  # the ledger has other payments for a session than its account
    "lift_unexplained",  # an arm opened, with neither an event nor a reason
]
Outcome = Literal["matched", Difference]


class OurEvent(Struct, frozen=True):
    """An event as we have it; ``session_id`` is whose it is, if it is of one that counts."""

    event_id: UUID
    at: datetime
    opened: bool
    paid_fen: int
    session_id: UUID | None


class OurSession(Struct, frozen=True, kw_only=True):
    """A session as it stands. ``closing_fen`` None: it goes on, or nobody knows its fee.

    ``phone_fen``: paid in host apps and not given back, by its account; ``by_then_fen``: what of it was paid when it
    left, whatever was given back later. ``ledger_fen``: what the ledger has for its operator. ``cash_fen``: the rest.
    """

    id: UUID
    left_at: datetime | None
    closing_fen: int | None
    cash_fen: int
    phone_fen: int
    by_then_fen: int
    ledger_fen: int


class Finding(Struct, frozen=True):
    """What came of a line, an event or a session: the sums of both sides, None where one has nothing."""

    outcome: Outcome
    about: str
    site_fen: int | None = None
    our_fen: int | None = None


def compare(lines: Iterable[LogLine], events: Sequence[OurEvent], sessions: Mapping[UUID, OurSession]) -> list[Finding]:
    """Return what came of each line, of events that have no line, and of the sessions that the events are of."""
    ours = {event.event_id: event for event in events}
    found = [finding for line in lines for finding in _line(line, ours, sessions)]
    named = {line.event_id for line in lines}
    found += [
        Finding("only_ours", str(event.event_id), None, event.paid_fen)
        for event in events
        if event.event_id not in named
    ]
    return [*found, *_cash(events, sessions), *_ledger(sessions)]


def _line(line: LogLine, ours: Mapping[UUID, OurEvent], sessions: Mapping[UUID, OurSession]) -> Iterator[Finding]:
    if line.event_id is None:
        explained = not line.opened or line.reason
        yield Finding(
            "matched" if explained else "lift_unexplained", line.at.astimezone(UTC).isoformat(), line.paid_fen, 0
        )
        return
    about, event = str(line.event_id), ours.get(line.event_id)
    if event is None:
        yield Finding("only_site", about, line.paid_fen)
        return
    if line.opened != event.opened:
        yield Finding("lift_diff", about, line.paid_fen, event.paid_fen)
    elif line.paid_fen != event.paid_fen:
        yield Finding("cash_diff", about, line.paid_fen, event.paid_fen)
    else:
        yield Finding("matched", about, line.paid_fen, event.paid_fen)
    session = sessions.get(event.session_id) if event.session_id is not None else None
    if session is not None and line.opened and event.opened:
        yield from _owed(line, event, session)


def _owed(line: LogLine, event: OurEvent, session: OurSession) -> Iterator[Finding]:
    """A site that has not heard yet of a payment by phone says more than is owed: that alone is no difference."""
    if line.owed_fen is None or session.closing_fen is None or session.left_at != event.at:
        return
    owed = max(session.closing_fen - session.cash_fen - session.by_then_fen, 0)
    if line.owed_fen < owed or (line.owed_fen > owed and not session.by_then_fen):
        yield Finding("owed_diff", str(session.id), line.owed_fen, owed)


def _cash(events: Iterable[OurEvent], sessions: Mapping[UUID, OurSession]) -> Iterator[Finding]:
    taken: dict[UUID | None, int] = defaultdict(int)
    for event in events:
        if event.session_id is None and event.paid_fen:
            yield Finding("cash_not_counted", str(event.event_id), event.paid_fen)
        taken[event.session_id] += event.paid_fen
    for session_id, session in sessions.items():
        if taken[session_id] > session.cash_fen:  # more is of another day's log
            yield Finding("cash_not_counted", str(session_id), taken[session_id], session.cash_fen)


def _ledger(sessions: Mapping[UUID, OurSession]) -> Iterator[Finding]:
    for session_id, session in sessions.items():
        if session.phone_fen != session.ledger_fen:
            yield Finding("ledger_diff", str(session_id), session.ledger_fen, session.phone_fen)
