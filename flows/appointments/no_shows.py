"""Whoever has not come three times in ninety days books at short notice alone for thirty: explained, and forgiven.

Short-notice times are those that others would hardly take any more, so nobody is kept from the service itself. It ends
by itself, the office may excuse a time (illness, its own fault), and services such as a clinic's may not count at all.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking
from flows.appointments.errors import WrongStateError
from flows.appointments.history import noted
from flows.appointments.persons import Person
from kernel.clock import Clock

MOST = 3
COUNTED = timedelta(days=90)
LASTS = timedelta(days=30)
SHORT_NOTICE = timedelta(hours=24)

_MISSED = """
    SELECT p.person, b.code, b.starts_at FROM booking_person p
        JOIN booking b ON b.id = p.booking_id JOIN appointment_service s ON s.code = b.service
    WHERE p.person = ANY ($1::bytea[]) AND NOT p.active AND b.state = 'no_show' AND b.excused_at IS NULL
        AND s.counts_no_shows AND b.starts_at > $2
    ORDER BY b.starts_at DESC
"""


class Missed(Struct, frozen=True):
    """Somebody has missed the appointments of these codes; ``until``: when that is over."""

    person: Person
    codes: list[str]
    until: datetime


async def missed_too_often(
    connection: "asyncpg.Connection[asyncpg.Record]", persons: Sequence[Person], starts_at: datetime, now: datetime
) -> Missed | None:
    """Return who may not have a time because it is not at short notice."""
    if starts_at <= now + SHORT_NOTICE:
        return None
    told_by = [each for person in persons for each in person]
    rows = await connection.fetch(_MISSED, told_by, now - COUNTED - LASTS)
    for person in persons:
        missed = list({row["code"]: row["starts_at"] for row in rows if row["person"] in person}.items())[:MOST]
        if len(missed) < MOST or missed[0][1] - missed[-1][1] > COUNTED:
            continue
        until = missed[0][1] + LASTS
        if now < until:
            return Missed(person, [code for code, _ in missed], until)
    return None


def excuse(session: AsyncSession, clock: Clock, row: Booking, actor: str, **details: str) -> None:
    """Excuse that nobody came to a booking that the caller has locked; once. Raises WrongStateError."""
    if row.state != "no_show":
        raise WrongStateError(f"It is {row.state}: nobody is said not to have come", fix="Look how it stands now.")
    if row.excused_at is None:
        row.excused_at = clock.now()
        session.add(row)
        noted(session, clock, row, "excuse", actor, **details)
