"""Slots: the times of schedules, and whether they are free. Who may book them, and when, are the service's rules."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from flows.appointments.fhir.dates import ALWAYS, Span
from flows.appointments.fhir.naming import Naming
from flows.appointments.fhir.schedules import naming
from flows.appointments.fhir.statuses import SLOT_STATUSES, slot_status
from flows.appointments.fhir.wire import Reference, Slot

_SLOT = """
    SELECT s.id, s.resource_id, s.starts_at, s.ends_at, s.taken, s.capacity, s.status, h.services
    FROM appointment_slot s JOIN appointment_schedule h ON h.id = s.schedule_id
"""
_STATUS = """
    CASE WHEN s.status = 'closed' THEN 'busy-unavailable' WHEN s.taken < s.capacity THEN 'free' ELSE 'busy' END
"""
_SLOTS = f"""
    {_SLOT} WHERE s.resource_id = ANY ($1::uuid[]) AND s.starts_at >= $2 AND s.starts_at < $3
        AND {_STATUS} = ANY ($4::text[]) AND (s.starts_at, s.id) > ($5, $6)
    ORDER BY s.starts_at, s.id LIMIT $7
"""
_ONE = f"{_SLOT} WHERE s.id = $1"


class Place(NamedTuple):
    """Where a page begins: behind this slot."""

    starts_at: datetime
    id: int


class Wanted(NamedTuple):
    """Which slots: of these schedules, that start in the span, have one of the statuses, and come after one."""

    schedules: Collection[UUID]
    span: Span = ALWAYS
    statuses: Collection[str] = SLOT_STATUSES
    after: Place = Place(ALWAYS[0], 0)
    limit: int = 1


async def slot(connection: "asyncpg.Connection[asyncpg.Record]", base: str, slot_id: int) -> Slot | None:
    """Return one slot."""
    row = await connection.fetchrow(_ONE, slot_id)
    return None if row is None else _slot(row, await naming(connection, base))


async def slots(connection: "asyncpg.Connection[asyncpg.Record]", base: str, wanted: Wanted) -> list[Slot]:
    """Return slots by their starts."""
    names = await naming(connection, base)
    rows = await connection.fetch(
        _SLOTS, [*wanted.schedules], *wanted.span, [*wanted.statuses], *wanted.after, wanted.limit
    )
    return [_slot(row, names) for row in rows]


def _slot(row: Mapping[str, Any], names: Naming) -> Slot:
    free = row["capacity"] - row["taken"]
    return Slot(
        id=str(row["id"]),
        schedule=Reference(reference=f"Schedule/{row['resource_id']}"),
        status=slot_status(row["status"], row["taken"], row["capacity"]),
        start=row["starts_at"].astimezone(UTC),
        end=row["ends_at"].astimezone(UTC),
        service_type=names.types(row["services"]),
        comment=f"{free} of {row['capacity']} places" if row["capacity"] > 1 else "",
    )
