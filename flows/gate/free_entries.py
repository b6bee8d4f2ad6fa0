"""Entries that had the free minutes which a vehicle has once in so many hours, as the platform says. In memory."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from flows.parking.site_snapshot import SiteSession


class FreeEntries:
    """By who it was and by the session, which the platform may still see otherwise."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[UUID, datetime]] = {}

    def of(self, who: str) -> Sequence[datetime]:
        return [*self._entries.get(who, {}).values()]

    def learn(self, sessions: Iterable[SiteSession], *, complete: bool) -> None:
        """Take over what the platform says of sessions."""
        if complete:
            self._entries.clear()
        for session in sessions:
            if session.free and session.entered_at is not None:
                self._entries.setdefault(session.who, {})[session.id] = session.entered_at
            else:
                self._entries.get(session.who, {}).pop(session.id, None)

    def forget(self, before: datetime, is_inside: Callable[[str], bool]) -> list[UUID]:
        """Forget entries before a moment, but for vehicles that are inside; return their sessions."""
        over = [
            (who, session)
            for who, entries in self._entries.items()
            if not is_inside(who)
            for session, at in entries.items()
            if at < before
        ]
        for who, session in over:
            del self._entries[who][session]
        self._entries = {who: entries for who, entries in self._entries.items() if entries}
        return [session for _, session in over]
