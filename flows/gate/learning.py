"""What the platform says of the lot, kept over restarts: parts of snapshots as they came, sessions one by one."""

from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from flows.codes.offline import ClockState
from flows.gate.errors import CloudAwayError, SiteFileError
from flows.gate.inside import Named
from flows.gate.passing import Passing
from flows.gate.store import Statement, Store, keep
from flows.gate.terms import terms_of
from flows.parking.errors import TariffRefusedError
from flows.parking.site_revision import PARTS
from flows.parking.site_snapshot import SiteSession, SiteSnapshot

_REVISION, _HELD, _CLOCK = "snapshot.revision", "snapshot.held", "clock"
_KNOWN = """
    UPDATE event SET state = 'known', answer = CAST(json_remove(CAST(answer AS TEXT), '$.plate') AS BLOB),
        body = CAST(json_remove(CAST(body AS TEXT), '$[0].plate', '$[0].pass_subject', '$[0].image_ref') AS BLOB)
    WHERE state = 'sent' AND seq <= ? AND seq NOT IN (SELECT value FROM json_each(?))
"""
"""The platform's sessions stand for these events from now on: what stays is for the log of their day."""
_REFUSED = "DELETE FROM event WHERE state = 'refused' AND json_extract(CAST(answer AS TEXT), '$.at') < ?"
_REFUSED_FOR = timedelta(days=31)
"""As long as the platform keeps them: whoever looks for what went wrong needs the plate."""


class Learning:
    """``revision`` is what the next snapshot is asked after."""

    def __init__(self, passing: Passing, store: Store) -> None:
        self._passing = passing
        self._store = store
        self._lot = passing.site.lot
        self._held = SiteSnapshot(revision="", at=passing.clock.now(), complete=True)
        self._told = 0
        self.revision = ""

    async def open(self) -> None:
        """Read what was kept; before ``Journal.open``, whose events come after it."""
        kept = dict(await self._store.rows("SELECT name, body FROM kept"))
        if _CLOCK in kept:
            self._passing.cloud.time = msgspec.json.decode(kept[_CLOCK], type=ClockState)
        if _REVISION not in kept:
            return
        held = msgspec.json.decode(kept[_HELD], type=SiteSnapshot)
        if self._other_lot(held) is not None:  # the site's file has another one since: begin anew
            await self._store.write([("DELETE FROM session", ()), ("DELETE FROM plate", ())])
            return
        self._held = held
        self._passing.terms = terms_of(self._held)
        self.revision = kept[_REVISION].decode()
        rows = await self._store.rows("SELECT body FROM session")
        sessions = [msgspec.json.decode(body, type=SiteSession) for (body,) in rows]
        self._passing.inside.learn(sessions, complete=True, told=0)
        for who, body in await self._store.rows("SELECT who, body FROM plate"):
            self._passing.inside.name(who, msgspec.json.decode(body, type=Named))

    async def keep_time(self, time: ClockState) -> None:
        """Keep how far the clock is off; if it is right, forget the codes, receipts and refused events of long ago."""
        statements, now = [keep(_CLOCK, msgspec.json.encode(time))], self._passing.clock.now()
        if time.is_known(now):
            refused: Statement = (_REFUSED, ((now - _REFUSED_FOR).strftime("%Y-%m-%dT%H:%M:%S"),))
            statements += [*self._passing.scanner.forget(now), refused]
        await self._store.write(statements)

    async def learn(self, body: bytes, told: int) -> None:
        """Take a snapshot over that was asked for when the platform had the events up to the number ``told``.

        Raises CloudAwayError for one that cannot be read, SiteFileError for one of another lot; what is held stays.
        """
        try:
            snapshot = msgspec.json.decode(body, type=SiteSnapshot)
            held = self._joined(snapshot)
            terms = self._passing.terms if held is self._held else terms_of(held)
        except (msgspec.MsgspecError, UnicodeDecodeError, TariffRefusedError) as error:
            raise CloudAwayError(f"The snapshot is not understood: {error}") from error
        if (other := self._other_lot(snapshot)) is not None:
            raise SiteFileError(
                f"The platform has this device at the lot {other}, the site's file says {self._lot}",
                fix="Write that lot into the file, or have the operator put this lot's lanes on the device.",
            )
        if held is self._held and not snapshot.sessions and told == self._told:
            self.revision = snapshot.revision  # the one on the disk is as good
            return
        statements = [keep(_REVISION, snapshot.revision.encode()), keep(_HELD, msgspec.json.encode(held))]
        if snapshot.complete:
            statements.append(("DELETE FROM session", ()))
        statements += [_kept(session) for session in snapshot.sessions]
        await self._store.write(statements)
        self._held, self._passing.terms, self.revision, self._told = held, terms, snapshot.revision, told
        inside = self._passing.inside
        gone = inside.learn(snapshot.sessions, complete=snapshot.complete, told=told)
        now = self._passing.clock.now()
        over = inside.free.forget(now - terms.free_for, inside.is_known) + inside.forget_leaving(now)
        plates: list[Statement] = [("DELETE FROM plate WHERE who = ?", (who,)) for who in gone]
        known: Statement = (_KNOWN, (told, msgspec.json.encode(inside.paid_here).decode()))
        await self._store.write([*plates, *map(_forgotten, over), known])
        self._passing.lanes.changed()

    def _other_lot(self, snapshot: SiteSnapshot) -> UUID | None:
        """Return the lot that a snapshot is of, if it is not this one."""
        return snapshot.lot.id if snapshot.lot is not None and snapshot.lot.id != self._lot else None

    def _joined(self, snapshot: SiteSnapshot) -> SiteSnapshot:
        """Return what is held with the parts that have changed; sessions are kept by themselves."""
        new = {name: part for name in PARTS if (part := getattr(snapshot, name)) is not None}
        if snapshot.complete:
            return replace(snapshot, sessions=())
        return replace(self._held, at=snapshot.at, **new) if new else self._held


def _forgotten(session_id: UUID) -> Statement:
    return "DELETE FROM session WHERE id = ?", (str(session_id),)


def _kept(session: SiteSession) -> Statement:
    if not session.open and not session.free and session.leaves_until is None:
        return _forgotten(session.id)
    return "INSERT OR REPLACE INTO session VALUES (?, ?)", (str(session.id), msgspec.json.encode(session))
