"""Who of an office's staff asks: a department's credential with a role at the office's organisation or above it."""

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.credentials import authenticate
from flows.appointments.errors import UnknownServiceError
from flows.appointments.tables import AppointmentOffice
from gateway.errors import StaffRoleMissingError
from gateway.http.departments import AnyRequest
from kernel.clock import Clock
from services_catalog.organisations.roles import Action, may


class Staff(Struct, frozen=True):
    """``actor`` is as in the audit log and in the history of bookings: ``credential:<key id>``."""

    actor: str
    office: AppointmentOffice


async def staff(session: AsyncSession, clock: Clock, request: AnyRequest, office_code: str, action: Action) -> Staff:
    """Say who asks, and that they may do ``action`` at an office.

    Raises CredentialRefusedError, UnknownServiceError, StaffRoleMissingError.
    """
    asking = await authenticate(session, clock, request.headers.get("authorization", ""))
    office = await session.get(AppointmentOffice, office_code)
    if office is None:
        raise UnknownServiceError(
            f"There is no office {office_code[:60]!r}", fix="`yiwang appointments show` lists the offices."
        )
    actor = f"credential:{asking.key_id}"
    if not await may(session, clock, actor, action, office.organisation):
        role = "display" if action == "show_hall" else "clerk"
        raise StaffRoleMissingError(
            f"You have no role to {action.replace('_', ' ')} at {office.organisation}, whose office this is",
            fix=f"Ask the platform's operator: yiwang role grant {actor} {role} --at {office.organisation}.",
        )
    return Staff(actor, office)
