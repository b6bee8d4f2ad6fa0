"""Appointments of a department's services, for its own programs: who comes is named as only that department does."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from auth.clients.pairwise import department_sector, pairwise_subject
from flows.appointments.deps import Deps
from flows.appointments.fhir.dates import ALWAYS, Span
from flows.appointments.fhir.naming import Naming
from flows.appointments.fhir.schedules import naming
from flows.appointments.fhir.statuses import STATUSES
from flows.appointments.fhir.wire import Appointment, CodeableConcept, Participant, Reference
from flows.appointments.states import State
from kernel.database import driver

# The offices where a department's services are served have its bookings: so the index of an office's serves.
_VISITS = """
    SELECT b.id, b.code, b.state, b.service, b.office, b.starts_at, b.ends_at, b.created_at, b.slot_ids, b.people,
        b.account_id, o.name_zh AS office_name
    FROM booking b JOIN appointment_office o ON o.code = b.office
    WHERE b.service IN (SELECT code FROM appointment_service WHERE department = $1)
        AND b.starts_at >= $2 AND b.starts_at < $3
        AND b.state = ANY ($4::text[]) AND ($5::uuid IS NULL OR b.id = $5) AND ($6::text IS NULL OR b.code = $6)
        AND (b.starts_at, b.id) > ($7, $8)
    ORDER BY b.starts_at, b.id LIMIT $9
"""
_COMPANION = (CodeableConcept(text="companion"),)


class Place(NamedTuple):
    """Where a page begins: behind this appointment."""

    starts_at: datetime
    id: UUID


class Wanted(NamedTuple):
    """Which appointments; those that match all of it."""

    span: Span = ALWAYS
    states: Collection[State] = tuple(STATUSES)
    id: UUID | None = None
    code: str | None = None
    after: Place = Place(ALWAYS[0], UUID(int=0))
    limit: int = 1


async def visits(deps: Deps, base: str, department: str, wanted: Wanted) -> list[Appointment]:
    """Return appointments by their starts."""
    connection = await driver(deps.session)
    names = await naming(connection, base)
    rows = await connection.fetch(
        _VISITS, department, *wanted.span, [*wanted.states], wanted.id, wanted.code, *wanted.after, wanted.limit
    )
    sector, called = department_sector(department), dict[UUID, str]()
    for account_id in {row["account_id"] for row in rows} - {None}:
        called[account_id] = await pairwise_subject(deps.session, deps.clock, sector, account_id)
    return [_visit(row, names, called.get(row["account_id"], "")) for row in rows]


def _visit(row: Mapping[str, Any], names: Naming, subject: str) -> Appointment:
    who = Reference(type="Patient", identifier=names.identifier("people", subject)) if subject else None
    people = [
        Participant(status="accepted", actor=who, type=() if who else (CodeableConcept(text="patient"),)),
        *(Participant(status="accepted", type=_COMPANION) for _ in range(row["people"] - 1)),
    ]
    return Appointment(
        id=str(row["id"]),
        identifier=(names.identifier("appointments", row["code"]),),
        status=STATUSES[row["state"]],
        service_type=names.types([row["service"]]),
        start=row["starts_at"].astimezone(UTC),
        end=row["ends_at"].astimezone(UTC),
        created=row["created_at"].astimezone(UTC),
        slot=tuple(Reference(reference=f"Slot/{each}") for each in row["slot_ids"]),
        participant=(*people, Participant(status="accepted", actor=names.office(row))),
    )
