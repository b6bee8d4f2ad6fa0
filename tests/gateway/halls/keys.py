"""Keys of an office's staff: a department's credentials, each with a role at an organisation."""

from auth.credentials import issue, key_id_of
from services_catalog.organisations.roles import Grant, Role, grant
from tests.appointments.hall import Hall

OPERATOR = "operator:test"


async def key(hall: Hall, role: Role | None, at: str = "city") -> str:
    """Return a new credential of the hall's department; who has no role has the credential alone."""
    async with hall.database.session() as session:
        token = await issue(session, hall.clock, "civil")
        if role is not None:
            await grant(session, hall.clock, OPERATOR, Grant(f"credential:{key_id_of(token)}", at, role))
    return token
