"""What every question to a register takes: a proven person, their consent, and a try that counts."""

from adapters.identity import IdentityService
from auth.errors import AssuranceTooLowError
from auth.residents.proofs import Person, person_of
from schema.context import Context
from schema.proofs import admitted, identity_service


async def registers_for(context: Context) -> tuple[IdentityService, Person]:
    """Return the service that knows the registers, and the person who asks.

    Raises NoIdentityServiceError, ConsentNeededError, TooManyAttemptsError, AssuranceTooLowError.
    """
    service = identity_service(context.platform)
    owner = await admitted(context, "real-name")
    async with context.platform.database.session() as session:
        person = await person_of(session, context.platform.environment, owner)
    if person is None:
        raise AssuranceTooLowError("Nobody knows who you are", needed="L3", fix="Have a face check made first.")
    return service, person
