"""Sealing everything anew with the current data key, while the platform runs.

Which columns are sealed is written at the columns: ``info={"sealed": "account.name"}``; the row's primary key is what
the value is bound to. An old key may leave the key file when nothing is sealed with it any more.
"""

from collections.abc import AsyncIterator, Iterator

from msgspec import Struct
from sqlalchemy import Column, select, update
from sqlmodel import SQLModel

from kernel.crypto.fields import FieldCipher
from kernel.database import Database

_BATCH = 500


class Progress(Struct, frozen=True):
    """How far one column is: rows looked at, and of them sealed anew."""

    column: str
    seen: int
    resealed: int


def sealed_columns() -> Iterator[Column[bytes]]:
    """Return every sealed column of the tables that are imported."""
    for table in SQLModel.metadata.sorted_tables:
        yield from (column for column in table.columns if "sealed" in column.info)


async def reseal(database: Database, cipher: FieldCipher) -> AsyncIterator[Progress]:
    """Seal anew what an older key has sealed, a batch a transaction; safe to stop and to run again."""
    for column in sealed_columns():
        (key,) = column.table.primary_key.columns
        seen = resealed = 0
        last = None
        while True:
            query = select(key, column).where(column.is_not(None)).order_by(key).limit(_BATCH)
            async with database.session() as session:
                connection = await session.connection()
                rows = (await connection.execute(query if last is None else query.where(key > last))).all()
                for row_id, sealed in rows:
                    if not cipher.is_current(sealed):
                        name = column.info["sealed"]
                        anew = cipher.seal(name, row_id, cipher.open(name, row_id, sealed))
                        same = update(column.table).where(key == row_id, column == sealed)  # nobody changed it since
                        resealed += (await connection.execute(same.values({column: anew}))).rowcount
            seen += len(rows)
            yield Progress(column.info["sealed"], seen, resealed)
            if len(rows) < _BATCH:
                break
            last = rows[-1][0]
