"""The ledger balances because the database refuses anything else."""

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from flows.payments import ledger
from flows.payments.errors import LedgerError
from flows.payments.ledger import Entry
from flows.payments.tables import LedgerEntry, LedgerTransaction
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.ids import uuid7
from kernel.money import Fen

CLOCK = SystemClock()
PAID = ledger.moved(Fen(880), debit="host:wechat:wx1", credit="operator:1")


async def test_a_transaction_happens_once_and_shows_in_the_balances(database: Database) -> None:
    for new in (True, False):
        async with database.session() as session:
            assert await ledger.post(session, CLOCK, "paid:1", "payment_order:1", PAID) is new
    async with database.session() as session:
        assert {each.account: each.balance for each in await ledger.balances(session)} == {
            "host:wechat:wx1": 880,
            "operator:1": -880,
        }
        assert [each.account for each in await ledger.balances(session, "operator:")] == ["operator:1"]
        assert await ledger.balance_of(session, "operator:1") == -880
        assert await ledger.balance_of(session, "operator:2") == 0
        assert await ledger.unbalanced(session) == {}
        with pytest.raises(LedgerError, match="other entries"):
            other = ledger.moved(Fen(881), debit="host:wechat:wx1", credit="operator:1")
            await ledger.post(session, CLOCK, "paid:1", "payment_order:1", other)


@pytest.mark.parametrize(
    "entries",
    [
        (Entry("a", debit=Fen(2)), Entry("b", credit=Fen(1))),
        (Entry("a"), Entry("b")),
        (Entry("a", debit=Fen(1), credit=Fen(1)), Entry("b", credit=Fen(1), debit=Fen(1))),
        (Entry("a", debit=Fen(-1)), Entry("b", credit=Fen(-1))),
        (),
    ],
)
async def test_what_does_not_balance_is_refused_before_the_database(
    database: Database, entries: tuple[Entry, ...]
) -> None:
    async with database.session() as session:
        with pytest.raises(LedgerError):
            await ledger.post(session, CLOCK, "k", "x:1", entries)


async def _raw(database: Database, entries: list[tuple[int, int]], said: int) -> None:
    """Write past ``post``, as somebody with the database's password could."""
    async with database.session() as session:
        id_ = uuid7()
        row = {"id": id_, "key": str(id_), "about": "x:1", "entries": said, "at": CLOCK.now()}
        await session.exec(insert(LedgerTransaction).values(row))
        for place, (debit, credit) in enumerate(entries):
            values = {"transaction_id": id_, "place": place, "account": "a", "debit": debit, "credit": credit}
            await session.exec(insert(LedgerEntry).values(values))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4), st.integers(1, 4))
async def test_the_database_takes_what_balances_and_nothing_else(
    database: Database, entries: list[tuple[int, int]], said: int
) -> None:
    one_sided = all((debit > 0) != (credit > 0) for debit, credit in entries)
    balanced = sum(debit for debit, _ in entries) == sum(credit for _, credit in entries)
    if one_sided and balanced and len(entries) == said >= 2:
        await _raw(database, entries, said)
        return
    with pytest.raises(DBAPIError, match=r"does not balance|one_side|_entries"):
        await _raw(database, entries, said)


async def test_nothing_is_added_to_a_transaction_later(database: Database) -> None:
    async with database.session() as session:
        await ledger.post(session, CLOCK, "paid:1", "payment_order:1", PAID)
    for debit, credit in ((1, 0), (0, 1)):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=r"does not balance: 3 of 2 entries"):
            await database.pool.execute(
                "INSERT INTO ledger_entry SELECT id, 2, 'x', $1::bigint, $2::bigint FROM ledger_transaction",
                debit,
                credit,
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET debit = debit + 1",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transaction SET about = ''",
        "DELETE FROM ledger_transaction",
        "TRUNCATE ledger_entry",
        "TRUNCATE ledger_transaction CASCADE",
    ],
)
async def test_nothing_is_changed_or_taken_away(database: Database, statement: str) -> None:
    async with database.session() as session:
        await ledger.post(session, CLOCK, "paid:1", "payment_order:1", PAID)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
        await database.pool.execute(statement)
