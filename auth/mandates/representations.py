"""Which companies residents represent by law: what makes them the company's side of its mandates.

The business register is asked again after a day: then whoever was dismissed neither gives nor sees any more. A
successor can end what they gave at once.
"""

from datetime import timedelta
from uuid import UUID

from msgspec import Struct
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.mandates.kinds import Party
from auth.mandates.tables import Representation
from kernel.clock import Clock

_BELIEVED_FOR = timedelta(days=1)  # this platform's choice


class Company(Struct, frozen=True):
    """A company as the register answers: ``code`` of GB 32100, ``reference`` its number for the answer."""

    code: str
    name: str
    reference: str


async def believe(session: AsyncSession, clock: Clock, account: UUID, company: Company) -> Representation:
    """Write down that the register has an account's person as a company's representative, from now on."""
    now = clock.now()
    row = Representation(
        account_id=account,
        credit_code=company.code,
        company_name=company.name,
        reference=company.reference,
        proven_at=now,
        expires_at=now + _BELIEVED_FOR,
    )
    values = row.model_dump()
    made = insert(Representation).values(values)
    await session.exec(made.on_conflict_do_update(index_elements=["account_id", "credit_code"], set_=values))
    return row


async def forget(session: AsyncSession, account: UUID, code: str | None = None) -> None:
    """Forget that an account represents a company, or any."""
    query = delete(Representation).where(col(Representation.account_id) == account)
    await session.exec(query if code is None else query.where(col(Representation.credit_code) == code))


async def representations_of(session: AsyncSession, account: UUID) -> list[Representation]:
    """Return what an account has represented, by the company's code; also what is to be asked again."""
    query = select(Representation).where(Representation.account_id == account)
    return list((await session.exec(query.order_by(col(Representation.credit_code)))).all())


async def representation_of(session: AsyncSession, clock: Clock, account: UUID, code: str) -> Representation | None:
    """Return that an account represents a company, as far as that is believed now."""
    row = await session.get(Representation, (account, code))
    return row if row is not None and clock.now() < row.expires_at else None


async def party_of(session: AsyncSession, clock: Clock, account: UUID) -> Party:
    """Return an account as a side of mandates, with the companies that it represents now."""
    now = clock.now()
    rows = await representations_of(session, account)
    return Party(account, frozenset(each.credit_code for each in rows if now < each.expires_at))
