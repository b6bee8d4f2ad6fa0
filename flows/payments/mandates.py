"""Debit mandates: that a host app may charge an account for an object without asking each time.

A mandate rests on a consent of its own, to a wording by its version and up to a limit each time; every step is in the
audit log. An object is charged to one person at a time, in however many apps of theirs. Charging by a mandate is its
channel's affair; whether it may be charged now, ``chargeable`` says.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import ScalarSelect
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.channel import Provider
from auth.accounts.merging import parts_of, whole_of
from flows.payments.errors import AmountRefusedError, MandateTakenError, UnknownOrderError, WrongStateError
from flows.payments.states import MandateEvent, after_mandate
from flows.payments.tables import DebitMandate
from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock
from kernel.ids import uuid7
from kernel.money import Fen


class NewMandate(Struct, frozen=True, kw_only=True):
    """What was agreed to. ``about`` is ``kind:id``; ``consent_version`` that of the wording on the screen."""

    account_id: UUID
    about: str
    provider: Provider
    app_id: str
    limit_each: Fen
    consent_version: int


async def sign(session: AsyncSession, clock: Clock, wanted: NewMandate, actor: str) -> DebitMandate:
    """Record the consent and return the mandate, which the host app has to make active; ``actor`` is for the audit log.

    Signing the same again is the same mandate. Raises MandateTakenError for other terms, AmountRefusedError.
    """
    if wanted.limit_each <= 0:
        raise AmountRefusedError("A mandate needs a limit above 0 fen", fix="Show the limit that is agreed to.")
    now = clock.now()
    values = {
        "id": uuid7(),
        "account_id": wanted.account_id,
        "about": wanted.about,
        "provider": wanted.provider,
        "app_id": wanted.app_id,
        "contract": "",
        "limit_each": wanted.limit_each,
        "state": "signed",
        "because": "",
        "consent_version": wanted.consent_version,
        "consented_at": now,
        "changed_at": now,
    }
    made = postgresql.insert(DebitMandate).values(values).on_conflict_do_nothing()
    is_new = (await session.exec(made.returning(col(DebitMandate.id)))).first() is not None
    row = await _standing(session, wanted)
    if not is_new:
        if (row.limit_each, row.consent_version) != (wanted.limit_each, wanted.consent_version):
            raise MandateTakenError("There is a mandate on other terms", fix="End it before another is signed.")
        return row
    await _audit(session, clock, row, "signed", actor)
    return row


async def step(  # noqa: PLR0913 - who does what to which, and why
    session: AsyncSession,
    clock: Clock,
    mandate_id: UUID,
    event: MandateEvent,
    *,
    actor: str,
    because: str = "",
    contract: str = "",
) -> DebitMandate:
    """Take one step of a mandate; ``contract`` is the host's number, known once it is active.

    Raises UnknownOrderError, WrongStateError, MandateTakenError while somebody else's mandate for the same is active.
    """
    row, others = await _locked(session, mandate_id)
    if row is None:
        raise UnknownOrderError("There is no such mandate", fix="Compare its id.")
    state = after_mandate(row.state, event)
    if state == "active" and await _anothers(session, row, others):
        raise MandateTakenError("Somebody else's mandate pays for this", fix="Have them end or suspend theirs first.")
    row.state, row.because, row.changed_at = state, because, clock.now()
    row.contract = contract or row.contract
    session.add(row)
    await _audit(session, clock, row, _DONE[event], actor)
    return row


async def hear(
    session: AsyncSession,
    clock: Clock,
    mandate_id: UUID,
    *,
    holds: bool,
    contract: str = "",
    because: str = "ended at the host",
) -> None:
    """Take a host's word that what was agreed to holds there, or does not. What fits no more changes nothing.

    ``contract`` is its number, which it may say later than that it holds. What somebody else's mandate pays for by now
    ends instead.
    """
    row, _ = await _locked(session, mandate_id)
    if row is None:
        return
    actor, another = f"host:{row.provider}", contract != row.contract and "" not in {contract, row.contract}
    if holds and row.state == "signed":
        try:
            await step(session, clock, row.id, "activate", actor=actor, contract=contract)
        except MandateTakenError as error:
            await step(session, clock, row.id, "terminate", actor=actor, because=error.message, contract=contract)
    elif holds and not row.contract and row.state != "terminated":
        row.contract = contract
        session.add(row)
    elif not holds and not another and row.state != "terminated":
        await step(session, clock, row.id, "terminate", actor=actor, because=because)


async def end_all_of(
    session: AsyncSession, clock: Clock, account_id: UUID, *, actor: str, because: str, about: str = ""
) -> None:
    """End every mandate of an account, such as when it is erased; or those for one object."""
    for row in await mandates_of(session, account_id):
        if row.state != "terminated" and about in {"", row.about}:
            await step(session, clock, row.id, "terminate", actor=actor, because=because)


async def end_others(
    session: AsyncSession, clock: Clock, account_id: UUID, about: str, *, actor: str, because: str
) -> None:
    """End every mandate for an object but this person's own; accounts that were merged are one person's."""
    mine = await whole_of(session, account_id)
    for row in await _all_locked(session, about):
        if row.state != "terminated" and await whole_of(session, row.account_id) != mine:
            await step(session, clock, row.id, "terminate", actor=actor, because=because)


async def chargeable(session: AsyncSession, mandate_id: UUID, amount: Fen) -> DebitMandate:
    """Return a mandate that may be charged now, locked so that nobody ends it meanwhile.

    Raises UnknownOrderError, WrongStateError, AmountRefusedError.
    """
    row = await session.get(DebitMandate, mandate_id, with_for_update={"read": True}, populate_existing=True)
    if row is None:
        raise UnknownOrderError("There is no such mandate", fix="Compare its id.")
    if row.state != "active":
        raise WrongStateError(f"The mandate is {row.state}", fix="Let the resident pay by themselves.")
    if not 0 < amount <= row.limit_each:
        raise AmountRefusedError(
            f"{amount} fen are more than the {row.limit_each} fen agreed to", fix="Let the resident pay by themselves."
        )
    return row


async def mandate_of(session: AsyncSession, account_id: UUID, mandate_id: UUID) -> DebitMandate:
    """Return an account's mandate. Raises UnknownOrderError."""
    row = await session.get(DebitMandate, mandate_id)
    if row is None or row.account_id not in await parts_of(session, account_id):
        raise UnknownOrderError("You have no such mandate", fix="Compare its id.")
    return row


async def mandates_of(session: AsyncSession, account_id: UUID) -> Sequence[DebitMandate]:
    """Return an account's mandates, ended ones too, the newest first."""
    query = select(DebitMandate).where(col(DebitMandate.account_id).in_(await parts_of(session, account_id)))
    return (await session.exec(query.order_by(col(DebitMandate.id).desc()))).all()


async def standing_for(session: AsyncSession, about: str) -> Sequence[DebitMandate]:
    """Return the active mandates for an object, the oldest first: by these it can be charged."""
    query = select(DebitMandate).where(DebitMandate.about == about, DebitMandate.state == "active")
    return (await session.exec(query.order_by(col(DebitMandate.id)))).all()


async def _locked(session: AsyncSession, mandate_id: UUID) -> tuple[DebitMandate | None, Sequence[DebitMandate]]:
    """Return a mandate and the others for its object, all locked: no two begin to stand at once."""
    rows = await _all_locked(session, select(DebitMandate.about).where(DebitMandate.id == mandate_id).scalar_subquery())
    own = next((each for each in rows if each.id == mandate_id), None)
    return own, [each for each in rows if each is not own]


async def _all_locked(session: AsyncSession, about: str | ScalarSelect[str]) -> Sequence[DebitMandate]:
    """Return the mandates for an object, locked in one order."""
    query = select(DebitMandate).where(DebitMandate.about == about).order_by(col(DebitMandate.id))
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).all()


async def _anothers(session: AsyncSession, row: DebitMandate, others: Sequence[DebitMandate]) -> bool:
    """Whether one of the others stands and is another person's; accounts that were merged are one person's."""
    mine = await whole_of(session, row.account_id)
    return any([await whole_of(session, each.account_id) != mine for each in others if each.state == "active"])


async def _standing(session: AsyncSession, wanted: NewMandate) -> DebitMandate:
    query = select(DebitMandate).where(
        DebitMandate.account_id == wanted.account_id,
        DebitMandate.about == wanted.about,
        DebitMandate.app_id == wanted.app_id,
        DebitMandate.state != "terminated",
    )
    return (await session.exec(query)).one()


async def _audit(session: AsyncSession, clock: Clock, row: DebitMandate, done: str, actor: str) -> None:
    details: dict[str, Detail] = {
        "app": row.app_id,
        "limit_fen": row.limit_each,
        "consent_version": row.consent_version,
    }
    event = Event(actor=actor, action=f"debit_mandate.{done}", object=f"debit_mandate:{row.id}", details=details)
    await append(session, clock, event)


_DONE: Mapping[MandateEvent, str] = {
    "activate": "activated",
    "suspend": "suspended",
    "resume": "resumed",
    "terminate": "terminated",
}
