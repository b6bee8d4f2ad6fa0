"""Releases with a draw: joining in the first seconds, drawing, and when whom of those drawn is let in.

Whoever joins has one entry; when the seconds are over the ranks are written once, under the lock that joining shares,
and so many a second are let in in their order. Then it is first come, first served.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import func
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.draw.ranking import Draw, commitment_of, ranked
from flows.appointments.draw.tables import AppointmentRelease, DrawEntry
from flows.appointments.errors import DrawRefusedError
from flows.appointments.finding import Asked
from flows.appointments.sealing import sealed, unsealed
from flows.appointments.windows import release_of
from kernel.clock import Clock, rfc3339
from kernel.crypto.fields import FieldCipher
from kernel.crypto.keys import Keys
from kernel.database import driver

PACE = 50
"""So many are let in each second: a gateway's core books that many (docs/benchmarks.md)."""

_SEED = "appointment.draw_seed"
_ENTRY = "appointment.draw_entry"
_TURN = "appointment.turn"
_RANKS = """
    UPDATE appointment_draw_entry e SET rank = o.rank FROM unnest($2::text[]) WITH ORDINALITY AS o (id, rank)
    WHERE e.release_id = $1 AND e.id = o.id
"""


class Release(Struct, frozen=True):
    """A release of a service's day; ``entries``: how many were drawn, None while that is to come."""

    id: str
    service: str
    opens_at: datetime
    closes_at: datetime
    entries: int | None = None

    def admitted_at(self, rank: int) -> datetime:
        """When somebody may hold."""
        return self.closes_at + timedelta(seconds=(rank - 1) // PACE)

    @property
    def free_at(self) -> datetime:
        """From when on everybody may."""
        last = self.entries or 0
        return self.admitted_at(last) + timedelta(seconds=1) if last else self.closes_at


def release_for(of: Asked, starts_at: datetime) -> Release:
    """Return the release by which a time can be booked."""
    opens_at = release_of(of.service, starts_at, of.office.time_zone)
    closes_at = opens_at + timedelta(seconds=of.service.draw_seconds)
    return Release(f"{of.service.code}.{opens_at:%Y%m%dT%H%MZ}", of.service.code, opens_at, closes_at)


def seed_of(keys: Keys, release_id: str) -> bytes:
    """Return the seed of a release: secret until it is drawn, and the same whenever it is asked for."""
    return keys.index.index(_SEED, release_id)


def entry_of(keys: Keys, release_id: str, account_id: UUID) -> str:
    """Return the id of an account's entry: nobody chooses it, and nobody else can tell whose it is."""
    return hmac.digest(keys.index.index(_ENTRY, release_id), account_id.bytes, hashlib.sha256).hex()[:32]


async def join(session: AsyncSession, clock: Clock, keys: Keys, release: Release, account_id: UUID) -> str:
    """Have an account take part, once however often it asks; its entry's id. Raises DrawRefusedError."""
    now = clock.now()
    if not release.opens_at <= now < release.closes_at:
        when = f"from {rfc3339(release.opens_at)} to {rfc3339(release.closes_at)}"
        fix = "Come back then." if now < release.opens_at else "Hold a time instead."
        raise DrawRefusedError(f"The draw of this day is joined {when}", fix=fix)
    await _put(session, release)
    row = await _locked(session, release.id, share=True)
    if row.drawn_at is not None:  # by a process whose clock is ahead
        raise DrawRefusedError("The draw is over", fix="Hold a time instead.")
    entry = entry_of(keys, release.id, account_id)
    values = {"release_id": release.id, "id": entry, "account_id": account_id, "entered_at": now}
    await session.exec(postgresql.insert(DrawEntry).values(values).on_conflict_do_nothing())
    return entry


async def draw(session: AsyncSession, clock: Clock, keys: Keys, release: Release) -> Release:
    """Write the ranks of a release that has closed, once; return it with how many there are.

    Of one that nobody has joined there is no row, and none is made.
    """
    if clock.now() < release.closes_at:
        return release
    row = await session.get(AppointmentRelease, release.id)
    if row is not None and row.drawn_at is None:
        row = await _locked(session, release.id)
        if row.drawn_at is None:
            await _write(session, keys, row)
            row.drawn_at = clock.now()
    return replace(release, entries=row.entries if row is not None else 0)


async def _write(session: AsyncSession, keys: Keys, row: AppointmentRelease) -> None:
    ids = (await session.exec(select(DrawEntry.id).where(DrawEntry.release_id == row.id))).all()
    await (await driver(session)).execute(_RANKS, row.id, ranked(seed_of(keys, row.id), ids))
    row.entries = len(ids)
    session.add(row)


async def joined(session: AsyncSession, keys: Keys, release_id: str, account_id: UUID) -> DrawEntry | None:
    """Return an account's entry, None if it has not joined."""
    return await session.get(DrawEntry, (release_id, entry_of(keys, release_id, account_id)))


async def lets_in_only_ranks(session: AsyncSession, release: Release, now: datetime) -> bool:
    """Whether those drawn are let in just now: nobody else may hold its times yet, nor join its draw any more."""
    if now < release.closes_at or (row := await session.get(AppointmentRelease, release.id)) is None:
        return False
    entries = row.entries
    if row.drawn_at is None:  # nobody has asked yet
        of = select(func.count()).where(DrawEntry.release_id == release.id)
        entries = (await session.exec(of)).one()
    return now < replace(release, entries=entries).free_at


def check_turn(release: Release, rank: int | None, now: datetime) -> None:
    """Refuse whoever comes before their turn: ``release`` is drawn, if it can be. Raises DrawRefusedError."""
    if release.entries is None or now < release.closes_at:
        raise DrawRefusedError(
            f"Who comes first is drawn at {rfc3339(release.closes_at)}",
            release.closes_at,
            fix="`joinAppointmentDraw` until then.",
        )
    if now >= release.free_at or (rank is not None and now >= release.admitted_at(rank)):
        return
    at = release.free_at if rank is None else release.admitted_at(rank)
    whose = "those who have joined the draw" if rank is None else f"{rank - 1} others"
    raise DrawRefusedError(f"Before you come {whose}: you may hold from {rfc3339(at)}", at, fix="Try again then.")


def turn_sealed(cipher: FieldCipher, holder: str, release_id: str, rank: int) -> str:
    """Return a rank as its holder is given it: shown with a hold, it costs nobody a question."""
    return sealed(cipher, _TURN, holder, f"{release_id} {rank}")


def turn_opened(cipher: FieldCipher, holder: str, release_id: str, given: str) -> int | None:
    """Return the rank in a release that a holder shows; None without one. Raises HoldRefusedError."""
    if not given:
        return None
    of, _, rank = unsealed(cipher, _TURN, holder, given).partition(" ")
    return int(rank) if of == release_id else None


async def published(session: AsyncSession, keys: Keys, release_id: str) -> Draw | None:
    """Return a draw as everybody may see it; None if nobody has joined, or there is no such release."""
    row = await session.get(AppointmentRelease, release_id)
    if row is None:
        return None
    seed, is_drawn = seed_of(keys, release_id), row.drawn_at is not None
    return Draw(
        release=row.id,
        service=row.service,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        commitment=commitment_of(seed),
        seed=seed.hex() if is_drawn else "",
        entries=list(await _in_order(session, release_id)) if is_drawn else [],
    )


async def _in_order(session: AsyncSession, release_id: str) -> Sequence[str]:
    chosen = select(DrawEntry.id).where(DrawEntry.release_id == release_id)
    return (await session.exec(chosen.order_by(col(DrawEntry.rank)))).all()


async def _put(session: AsyncSession, release: Release) -> None:
    values = {
        "id": release.id,
        "service": release.service,
        "opens_at": release.opens_at,
        "closes_at": release.closes_at,
    }
    await session.exec(postgresql.insert(AppointmentRelease).values(values).on_conflict_do_nothing())


async def _locked(session: AsyncSession, release_id: str, *, share: bool = False) -> AppointmentRelease:
    return await session.get_one(
        AppointmentRelease, release_id, with_for_update={"read": True} if share else True, populate_existing=True
    )
