"""Where a service can be booked: offices with their first free time and how many there are on each day."""

from datetime import date, datetime

import asyncpg
from msgspec import Struct

from flows.appointments.tables import CHANNELS, AppointmentService, Channel
from flows.appointments.taking import ROLL_OVER
from flows.appointments.windows import released_until, soonest

# Free slots of a resource that follow each other are one run: n of them begin n - needed + 1 visits. A buffer counts
# as a part of each, so that at the end of a day one more may be free than is said here.
_SEARCH = """
    WITH resource AS (
        SELECT h.id AS schedule_id, r.office, r.slot_minutes * interval '1 minute' AS length, o.time_zone, z.released,
            ceil(($4 + r.buffer_minutes)::numeric / r.slot_minutes) AS needed
        FROM appointment_schedule h
            JOIN appointment_resource r ON r.id = h.resource_id AND r.closed_at IS NULL
            JOIN appointment_office o ON o.code = r.office AND o.closed_at IS NULL
            JOIN unnest($5::text[], $6::timestamptz[]) z (zone, released) ON z.zone = o.time_zone
        WHERE $1 = ANY (h.services)
    ), run AS (
        SELECT r.office, r.time_zone, r.needed, s.starts_at,
            s.starts_at - row_number() OVER (PARTITION BY s.resource_id ORDER BY s.starts_at) * r.length AS run,
            s.resource_id
        FROM resource r JOIN appointment_slot s ON s.schedule_id = r.schedule_id
        WHERE s.status = 'open' AND s.taken < s.capacity AND s.starts_at >= $2
            AND s.starts_at < least($3::timestamptz, r.released)
            AND (s.starts_at <= $7 OR s.used[$8] < s.quota[$8])
    ), runs AS (
        SELECT office, time_zone, min(starts_at) AS first, count(*) - needed + 1 AS times
        FROM run GROUP BY office, time_zone, resource_id, run, needed HAVING count(*) >= needed
    )
    SELECT office, (first AT TIME ZONE time_zone)::date AS day, min(first) AS first, sum(times)::int AS times
    FROM runs GROUP BY office, day ORDER BY office, day
"""
_ZONES = "SELECT DISTINCT time_zone FROM appointment_office WHERE closed_at IS NULL"


class FreeDay(Struct, frozen=True):
    """A day at an office: its first free time, and how many times are free at its resources."""

    office: str
    day: date
    first: datetime
    times: int


async def free_days(
    connection: "asyncpg.Connection[asyncpg.Record]",
    service: AppointmentService,
    now: datetime,
    until: datetime,
    *,
    people: int = 1,
    channel: Channel = "public",
) -> list[FreeDay]:
    """Return the days of all offices on which a service can be booked now, by office and day."""
    zones = [row["time_zone"] for row in await connection.fetch(_ZONES)]
    rows = await connection.fetch(
        _SEARCH,
        service.code,
        soonest(service, now),
        until,
        service.minutes + service.further_minutes * (people - 1),
        zones,
        [released_until(service, now, each) for each in zones],
        now + ROLL_OVER,
        CHANNELS.index(channel) + 1,
    )
    return [FreeDay(row["office"], row["day"], row["first"], row["times"]) for row in rows]
