"""What is free of each resource, in one row: drawn when slots are written, and kept by a trigger when they fill up.

``appointment_line_follow`` (in the migration) sets a slot's bits at the commit of whoever takes its last place, or
gives one back to a full one. Whoever writes, closes or deletes slots draws the line anew.
"""

from datetime import datetime

import asyncpg

from flows.appointments.bits import Slot, line_of
from flows.appointments.tables import CHANNELS, AppointmentResource

STATES = 2 + len(CHANNELS)
"""Of a slot: is it open, has it any place left, and for each channel one of its own."""

# Whoever fills up a slot waits for the row until we commit; what was committed before we had it is seen then.
_LOCK = """
    INSERT INTO appointment_line (resource_id, begins_at, unit_minutes, services, serves, bits)
    VALUES ($1, $2, 1, '{}', '{}', '{}')
    ON CONFLICT (resource_id) DO UPDATE SET begins_at = excluded.begins_at
"""
_SLOTS = """
    SELECT s.starts_at, h.services, appointment_slot_states(s) AS states
    FROM appointment_slot s JOIN appointment_schedule h ON h.id = s.schedule_id
    WHERE s.resource_id = $1 AND s.starts_at >= $2 AND s.status = 'open'
"""
_DRAW = """
    UPDATE appointment_line SET unit_minutes = $2, services = $3, serves = $4, bits = $5 WHERE resource_id = $1
"""


async def draw(
    connection: "asyncpg.Connection[asyncpg.Record]", resource: AppointmentResource, begins_at: datetime
) -> None:
    """Draw a resource's line from a moment on; the caller has written its slots in the same transaction."""
    await connection.execute(_LOCK, resource.id, begins_at)
    slots = [Slot(*row) for row in await connection.fetch(_SLOTS, resource.id, begins_at)]
    line = line_of(slots, begins_at, resource.slot_minutes, STATES)
    size = max(line.bits[0].bit_length() + 7, 8) // 8

    def stored(bits: int) -> bytes:
        return bits.to_bytes(size, "little")

    services, serves = [*line.serves], [stored(each) for each in line.serves.values()]
    await connection.execute(
        _DRAW, resource.id, line.unit_minutes, services, serves, [stored(each) for each in line.bits]
    )
