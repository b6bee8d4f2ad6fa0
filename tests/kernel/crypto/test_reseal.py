"""Everything sealed is sealed anew, and stays readable all the while."""

from datetime import UTC, datetime
from typing import Any

import migrations.tables  # noqa: F401 - all tables
from auth.accounts.tables import Account
from kernel.clock import ManualClock
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.reseal import reseal, sealed_columns
from kernel.database import Database

OLD, NEW = DataKey("00000001", "intl", b"1" * 32), DataKey("00000002", "gm", b"2" * 32)
CLOCK = ManualClock(datetime(2026, 11, 25, tzinfo=UTC))


async def test_every_row_is_sealed_with_the_current_key(database: Database) -> None:
    before, after = FieldCipher({OLD.id: OLD}, OLD.id), FieldCipher({OLD.id: OLD, NEW.id: NEW}, NEW.id)
    async with database.session() as session:
        for number in range(1100):
            account = Account(created_at=CLOCK.now())
            if number % 2:
                account.name = before.seal("account.name", account.id, f"名 {number}")
            session.add(account)
    progress = [each async for each in reseal(database, after)]
    names = [each for each in progress if each.column == "account.name"]
    assert (len(names), names[-1].seen, names[-1].resealed) == (2, 550, 550)
    only_new = FieldCipher({NEW.id: NEW}, NEW.id)
    async with database.engine.connect() as connection:
        rows: Any = (await connection.exec_driver_sql("SELECT id, name FROM account WHERE name IS NOT NULL")).all()
    assert {only_new.open("account.name", row[0], bytes(row[1])) for row in rows} == {
        f"名 {number}" for number in range(1, 1100, 2)
    }
    assert [each.resealed async for each in reseal(database, after) if each.resealed] == []


def test_a_column_s_seal_is_its_own_name() -> None:
    columns = list(sealed_columns())
    assert len(columns) >= 4
    assert all(column.info["sealed"] == f"{column.table.name}.{column.name}" for column in columns)
