"""For whom a department is called, and whether their consent covers it: asked at every call, so that an end is an end.

A caller acts for somebody else by naming a mandate; it is of that mandate alone that the answer is found, and of the
one whose data it is that consent is looked for.
"""

from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of
from auth.consents.errors import ConsentNeededError
from auth.consents.ledger import may_use, standing
from auth.consents.purposes import Purposes
from auth.mandates.kinds import Organisation, Person, Principal
from auth.mandates.mandates import principal_of, unknown, used
from auth.sessions.access_tokens import AccessToken
from auth.sessions.sessions import live
from kernel.clock import Clock
from kernel.database import Database
from supergraph.slice import Access

ACTING_FOR = b"yiwang-acting-for"
"""The header that names the mandate by which a caller acts for somebody else."""


class Asked(Struct, frozen=True):
    """One operation that somebody wants called. ``mandate`` is as it was sent, empty if they act for themselves."""

    token: AccessToken
    mandate: str
    service: str
    operation: str
    access: Access


class Permits:
    """Judges calls for one gateway process."""

    def __init__(self, database: Database, purposes: Purposes, clock: Clock) -> None:
        self._database = database
        self._purposes = purposes
        self._clock = clock

    async def principal(self, asked: Asked) -> Principal | None:
        """Return for whom a call is made if not for the caller.

        Raises SessionEndedError, UnknownMandateError, MandateRefusedError, ConsentNeededError, UnknownPurposeError.
        """
        if not asked.mandate and not asked.access.consent:
            return None
        async with self._database.session() as session:
            caller = (await live(session, self._clock, asked.token.sid)).account_id
            principal = await self._acting_for(session, asked, caller) if asked.mandate else None
            if asked.access.consent and not isinstance(
                principal, Organisation
            ):  # an organisation's data is no person's
                await self._check_consent(session, asked, caller if principal is None else principal.account)
        return principal

    async def _acting_for(self, session: AsyncSession, asked: Asked, caller: UUID) -> Principal:
        id_, now = _uuid(asked.mandate), self._clock.now()
        principal = principal_of(await used(session, id_, caller, asked.service, asked.operation, at=now))
        if isinstance(principal, Person):
            return Person((await account_of(session, principal.account)).id)
        return principal

    async def _check_consent(self, session: AsyncSession, asked: Asked, account: UUID) -> None:
        purpose = self._purposes.current(asked.access.consent)
        decision = may_use(await standing(session, account, asked.service), purpose)
        if not decision:
            raise ConsentNeededError(
                decision.reason, fix=f"Show the purpose {purpose.id!r} and send `agree` for the service."
            )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise unknown() from None
