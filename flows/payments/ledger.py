"""The ledger: double entry in fen, only ever added to. The database itself refuses what does not balance.

Accounts are texts ``kind:…``. What a host holds for us is an asset (debit); what we owe is a liability (credit):

- ``host:<provider>:<app id>``: money at a host app
- ``operator:<id>`` and other payees: what is theirs
- ``resident:<account id>``: what is on its way back to somebody
- ``outside:paid_out``: what people paid out another way
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct
from sqlalchemy import func, insert
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.errors import LedgerError
from flows.payments.tables import LedgerEntry, LedgerTransaction
from kernel.clock import Clock
from kernel.ids import uuid7
from kernel.money import Fen

PAID_OUT = "outside:paid_out"


class Entry(Struct, frozen=True):
    """One side of a transaction."""

    account: str
    debit: Fen = Fen(0)
    credit: Fen = Fen(0)


class Balance(Struct, frozen=True):
    """What was entered in one account so far."""

    account: str
    debit: Fen
    credit: Fen

    @property
    def balance(self) -> Fen:
        """What the account holds: positive for an asset, negative for what is owed."""
        return Fen(self.debit - self.credit)


def host(provider: str, app_id: str) -> str:
    """Return the account of a host app's money."""
    return f"host:{provider}:{app_id}"


def resident(account_id: UUID) -> str:
    """Return the account of what is on its way back to somebody."""
    return f"resident:{account_id}"


def moved(amount: Fen, *, debit: str, credit: str) -> Sequence[Entry]:
    """Return the two entries of an amount between two accounts."""
    return Entry(debit, debit=amount), Entry(credit, credit=amount)


async def post(session: AsyncSession, clock: Clock, key: str, about: str, entries: Sequence[Entry]) -> bool:
    """Enter a transaction; whether it is new. The same key with the same entries again changes nothing.

    Raises LedgerError for entries that do not balance, or a key that has others.
    """
    _check(key, entries)
    made = postgresql.insert(LedgerTransaction).values(
        id=uuid7(), key=key, about=about, entries=len(entries), at=clock.now()
    )
    made_id = (await session.exec(made.on_conflict_do_nothing().returning(col(LedgerTransaction.id)))).scalar()
    if made_id is None:
        if await entries_of(session, key) != list(entries):
            raise LedgerError(f"The ledger has other entries for {key}", fix="Never use a key for something else.")
        return False
    rows = [
        {
            "transaction_id": made_id,
            "place": place,
            "account": each.account,
            "debit": each.debit,
            "credit": each.credit,
        }
        for place, each in enumerate(entries)
    ]
    await session.exec(insert(LedgerEntry), params=rows)
    return True


async def entries_of(session: AsyncSession, key: str) -> list[Entry]:
    """Return the entries of a transaction, in order; none if there is no such key."""
    query = select(LedgerEntry).join(LedgerTransaction).where(LedgerTransaction.key == key)
    rows = (await session.exec(query.order_by(col(LedgerEntry.place)))).all()
    return [Entry(row.account, Fen(row.debit), Fen(row.credit)) for row in rows]


async def balances(session: AsyncSession, prefix: str = "") -> list[Balance]:
    """Return every account that begins with ``prefix``, by name."""
    sums = func.sum(LedgerEntry.debit), func.sum(LedgerEntry.credit)
    query = select(LedgerEntry.account, *sums).group_by(LedgerEntry.account).order_by(LedgerEntry.account)
    query = query.where(col(LedgerEntry.account).startswith(prefix, autoescape=True))
    return [Balance(name, Fen(int(debit)), Fen(int(credit))) for name, debit, credit in await session.exec(query)]


async def balance_of(session: AsyncSession, account: str) -> Fen:
    """Return what one account holds."""
    found = select(func.coalesce(func.sum(LedgerEntry.debit - LedgerEntry.credit), 0))
    return Fen(int((await session.exec(found.where(LedgerEntry.account == account))).one()))


async def unbalanced(session: AsyncSession) -> Mapping[str, str]:
    """Return what is wrong with transactions, by their keys: nothing, as long as nobody tampers with the database."""
    counted = func.count(col(LedgerEntry.place))
    excess = func.coalesce(func.sum(LedgerEntry.debit - LedgerEntry.credit), 0)
    query = (
        select(LedgerTransaction.key, LedgerTransaction.entries, counted, excess)
        .outerjoin(LedgerEntry)
        .group_by(col(LedgerTransaction.id))
        .having((excess != 0) | (counted != LedgerTransaction.entries))
    )
    return {
        key: f"{found} of {entries} entries, {int(more)} fen more debit than credit"
        for key, entries, found, more in await session.exec(query)
    }


def _check(key: str, entries: Iterable[Entry]) -> None:
    debit = credit = 0
    for each in entries:
        if (each.debit > 0) == (each.credit > 0) or min(each.debit, each.credit) < 0:
            raise LedgerError(f"An entry of {key} has not one side", fix="Give each a debit or a credit above 0.")
        debit, credit = debit + each.debit, credit + each.credit
    if debit != credit or not debit:
        raise LedgerError(f"{key} has debits of {debit} fen and credits of {credit} fen", fix="Balance them.")
