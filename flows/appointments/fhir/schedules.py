"""Schedules: what serves people at an office, each a resource of ours."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from flows.appointments.fhir.naming import Naming
from flows.appointments.fhir.wire import Period, Schedule

_SCHEDULES = """
    SELECT r.id, r.office, r.code, r.kind, r.name_zh, r.skills, r.filled_until, o.name_zh AS office_name, o.time_zone,
        r.closed_at IS NULL AND o.closed_at IS NULL AS active
    FROM appointment_resource r JOIN appointment_office o ON o.code = r.office
    WHERE ($1::uuid IS NULL OR r.id = $1) AND ($2::text IS NULL OR $2 = ANY (r.skills))
        AND ($3::uuid IS NULL OR r.id > $3)
    ORDER BY r.id LIMIT $4
"""
_SERVICES = "SELECT code, name_zh FROM appointment_service"


async def naming(connection: "asyncpg.Connection[asyncpg.Record]", base: str) -> Naming:
    """Return the names of all services."""
    return Naming(base, {row["code"]: row["name_zh"] for row in await connection.fetch(_SERVICES)})


async def schedules(
    connection: "asyncpg.Connection[asyncpg.Record]",
    base: str,
    *,
    id: UUID | None = None,  # noqa: A002 - FHIR's own word
    service: str | None = None,
    after: UUID | None = None,
    limit: int = 1,
) -> list[Schedule]:
    """Return schedules by their ids."""
    names = await naming(connection, base)
    return [_schedule(row, names) for row in await connection.fetch(_SCHEDULES, id, service, after, limit)]


def _schedule(row: Mapping[str, Any], names: Naming) -> Schedule:
    end = None
    if row["filled_until"] is not None:
        midnight = datetime.combine(row["filled_until"] + timedelta(days=1), time(), ZoneInfo(row["time_zone"]))
        end = Period(end=midnight.astimezone(UTC))
    return Schedule(
        id=str(row["id"]),
        active=row["active"],
        identifier=(names.identifier("resources", f"{row['office']}/{row['code']}"),),
        service_type=names.types(row["skills"]),
        actor=(names.resource(row), names.office(row)),
        planning_horizon=end,
    )
