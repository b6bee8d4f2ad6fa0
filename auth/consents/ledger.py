"""Give, withdraw and look up consents. Nothing is kept beside the ledger: a withdrawal holds from the next call on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.consents.errors import ConsentRefusedError
from auth.consents.purposes import Purpose
from auth.consents.tables import Act, Consent, How
from auth.decisions import Decision, allow, refuse
from kernel.clock import Clock
from kernel.database import lock_named

Agreed = tuple[str, int, bytes]  # purpose, version, digest


class Between(Struct, frozen=True):
    """Whose data, which client or service uses it, and by which mandate a guardian speaks in a child's place."""

    account: UUID
    client: str
    mandate: UUID | None = None


def covers(standing: Mapping[str, int], purpose: str, version: int) -> bool:
    """Whether somebody stands by exactly this wording: consent to one version says nothing about another."""
    return standing.get(purpose) == version


def may_use(standing: Mapping[str, int], purpose: Purpose) -> Decision:
    """Judge whether data may be used for a purpose now. ``purpose``: the version in force."""
    if purpose.need == "notice":
        return allow("consent.not-asked", f"The basis is {purpose.legal_basis}: they are told, not asked.")
    if covers(standing, purpose.id, purpose.version):
        return allow("consent.given", "They have agreed to this wording.")
    if purpose.id in standing:
        return refuse("consent.new-version", "They have agreed to another wording: ask again.")
    return refuse("consent.missing", "They have not agreed to this, or no longer.")


async def give(
    session: AsyncSession, clock: Clock, between: Between, purposes: Sequence[Purpose], *, how: How = "screen"
) -> None:
    """Record consent to what was shown together on one screen (``Purposes.shown``). Raises ConsentRefusedError.

    Sensitive data, and passing data on, take a screen of their own for each purpose (PIPL articles 23, 25, 29, 39).
    """
    if not purposes:
        raise ConsentRefusedError("No purpose is named", rule="consent.nothing", fix="Name what was agreed to.")
    for purpose in purposes:
        if purpose.need == "notice":
            raise ConsentRefusedError(
                f"{purpose.id!r} rests on {purpose.legal_basis}: nobody is asked for what cannot be refused",
                rule="consent.not-asked",
                fix="Inform them instead.",
            )
        if purpose.need == "separate-consent" and len(purposes) > 1:
            raise ConsentRefusedError(
                f"{purpose.id!r} was agreed to together with others",
                rule="consent.separate",
                fix="Ask for it on a screen of its own.",
            )
    await _lock(session, between)
    await _add(session, between, _agreed(purposes), "given", at=clock.now(), how=how)


async def inform(
    session: AsyncSession, clock: Clock, between: Between, purposes: Sequence[Purpose], *, how: How = "screen"
) -> None:
    """Record, once a version, that somebody was told of purposes whose basis is not consent (PIPL articles 17, 35).

    Raises ConsentRefusedError.
    """
    for purpose in purposes:
        if purpose.need != "notice":
            raise ConsentRefusedError(
                f"{purpose.id!r} rests on consent: telling is not asking", rule="consent.ask", fix="Ask for consent."
            )
    await _lock(session, between)
    told = await standing(session, between.account, between.client)
    new = [each for each in purposes if not covers(told, each.id, each.version)]
    await _add(session, between, _agreed(new), "informed", at=clock.now(), how=how)


async def withdraw(session: AsyncSession, clock: Clock, between: Between, purpose: str, *, how: How = "screen") -> bool:
    """End a consent from now on; return whether there was one. Raises ConsentRefusedError where it is not the basis."""
    await _lock(session, between)
    latest = (await _latest(session, between)).get(purpose)
    if latest is None or latest.act == "withdrawn":
        return False
    if latest.act == "informed":
        raise ConsentRefusedError(
            f"{purpose!r} does not rest on consent, so there is none to withdraw",
            rule="consent.not-withdrawable",
            fix="Ask the department about objection and deletion.",
        )
    await _add(session, between, [(purpose, latest.version, latest.digest)], "withdrawn", at=clock.now(), how=how)
    return True


async def withdraw_since(session: AsyncSession, clock: Clock, account: UUID, since: datetime) -> None:
    """End the consents that were given after a moment, as an operator who doubts who gave them."""
    latest = {(row.client, row.purpose): row for row in await history(session, account)}
    for client, purpose in sorted(key for key, row in latest.items() if row.act == "given" and row.at > since):
        await withdraw(session, clock, Between(account, client), purpose, how="window")


async def standing(session: AsyncSession, account: UUID, client: str) -> dict[str, int]:
    """Return the versions that somebody agreed to, or was told of, and that hold now, by purpose."""
    latest = await _latest(session, Between(account, client))
    return {purpose: row.version for purpose, row in latest.items() if row.act != "withdrawn"}


async def history(session: AsyncSession, *accounts: UUID) -> list[Consent]:
    """Return all that somebody ever gave, withdrew or was told, the oldest first."""
    query = select(Consent).where(col(Consent.account_id).in_(accounts)).order_by(col(Consent.number))
    return list((await session.exec(query)).all())


async def _add(
    session: AsyncSession, between: Between, agreed: Iterable[Agreed], act: Act, *, at: datetime, how: How
) -> None:
    for purpose, version, digest in agreed:
        session.add(
            Consent(
                account_id=between.account,
                client=between.client,
                purpose=purpose,
                version=version,
                digest=digest,
                act=act,
                at=at,
                how=how,
                mandate_id=between.mandate,
            )
        )
    await session.flush()


def _agreed(purposes: Sequence[Purpose]) -> list[Agreed]:
    return [(each.id, each.version, each.digest()) for each in purposes]


async def _lock(session: AsyncSession, between: Between) -> None:
    """Let one transaction at a time write between the two, so that numbers become visible in their order.

    Otherwise a withdrawal that began first and committed last would be outranked by a consent in the meantime.
    """
    await lock_named(session, f"consent {between.account} {between.client}")


async def _latest(session: AsyncSession, between: Between) -> dict[str, Consent]:
    query = (
        select(Consent)
        .where(col(Consent.account_id) == between.account, col(Consent.client) == between.client)
        .ext(distinct_on(col(Consent.purpose)))
        .order_by(col(Consent.purpose), col(Consent.number).desc())
    )
    return {row.purpose: row for row in (await session.exec(query)).all()}
