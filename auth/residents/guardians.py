"""Consent in a child's place, by the guardian who has a mandate for it (PIPL, article 31)."""

from collections.abc import Collection, Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import account_of, born_of
from auth.assurance import Level, satisfies
from auth.consents.ledger import Between
from auth.decisions import refuse
from auth.errors import AssuranceTooLowError
from auth.mandates.errors import MandateRefusedError
from auth.mandates.kinds import LEAST_LEVEL, OWN_CONSENT_YEARS, in_scope, of_age_at
from auth.mandates.mandates import unknown, used
from auth.mandates.tables import Mandate
from auth.provider.environment import Environment


async def spoken_for(
    session: AsyncSession,
    environment: Environment,
    guardian: Between,
    asking: Iterable[Collection[str]],
) -> Between:
    """Return the child in whose place ``guardian``, by a mandate, consents to what a service does, or withdraws.

    ``asking`` has for each purpose the operations that ask for it: the mandate covers one of them, or the whole
    service. Raises UnknownMandateError, MandateRefusedError.
    """
    now = environment.clock.now()
    mandate = await session.get(Mandate, guardian.mandate)
    if mandate is None or mandate.agent_account != guardian.account:
        raise unknown()
    for operations in asking:
        covered = (each for each in operations if in_scope(mandate.scope, guardian.client, each))
        await used(session, mandate.id, guardian.account, guardian.client, next(covered, ""), at=now)
    if mandate.kind != "child" or mandate.principal_account is None:
        raise _refused("Consent in somebody's place is for a child's guardian alone.")
    child = await account_of(session, mandate.principal_account)
    born = born_of(environment.keys, child)
    if born is None or of_age_at(born, OWN_CONSENT_YEARS) <= now:
        raise _refused(f"From {OWN_CONSENT_YEARS} years on a child agrees, and withdraws, themself.")
    return Between(child.id, guardian.client, mandate.id)


def check_level(level: Level) -> None:
    """Let nobody consent for a child whom their sign-in does not prove to be its guardian. AssuranceTooLowError.

    What is known of a child under 14 is sensitive (PIPL, article 28). Withdrawing takes no more than a sign-in.
    """
    if not satisfies(level, LEAST_LEVEL):
        raise AssuranceTooLowError(
            f"Consent in a child's place needs the assurance level {LEAST_LEVEL}, the session has {level}",
            needed=LEAST_LEVEL,
            fix="Have the resident's face checked first.",
        )


def _refused(reason: str) -> MandateRefusedError:
    return MandateRefusedError(refuse("mandate.own-consent", reason), fix="Have them sign in and do it themselves.")
