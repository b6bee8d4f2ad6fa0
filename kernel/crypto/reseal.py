"""Sealing anew, with the present data key, whatever another one sealed, and what was stored before it was sealed.

It may run beside everything else, be stopped at any moment and begin again: each batch is a transaction, a row is
changed only if it still holds what was read, and what is left to do is asked of the rows themselves.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Values, and_, column, func, or_, select, tuple_, update, values
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.crypto.errors import SealedDataError
from kernel.crypto.fields import PREFIX_BYTES, FieldCipher
from kernel.crypto.sealed_columns import SealedColumn, row_id
from kernel.database import Database

BATCH = 500  # rows of one transaction: it holds their locks for some tens of milliseconds

_log = logging.getLogger(__name__)


class Progress(Struct):
    """How far one column is, in rows: ``refused`` could not be opened, ``others`` were changed by others meanwhile."""

    column: str
    total: int
    resealed: int = 0
    refused: int = 0
    others: int = 0


class _Change(Struct, frozen=True):
    """One row: its key, what it held, and what it shall hold."""

    key: tuple[Any, ...]
    old: Any
    new: bytes


async def reseal(
    database: Database, cipher: FieldCipher, sealed: SealedColumn, said: Callable[[Progress], None], batch: int = BATCH
) -> Progress:
    """Seal every row of one column that needs it; ``said`` hears of each batch. Nothing of the values is logged."""
    async with database.session() as session:
        total = await session.scalar(select(func.count()).select_from(sealed.table).where(_stale(sealed, cipher)))
    progress = Progress(sealed.name, total or 0)
    last: Sequence[Any] | None = None
    while True:
        async with database.session() as session:
            rows = await _read(session, sealed, cipher, last, batch)
            if not rows:
                return progress
            await _write(session, sealed, _changes(sealed, cipher, rows, progress), progress)
        last = _key(sealed, rows[-1])
        said(progress)


async def _read(
    session: AsyncSession, sealed: SealedColumn, cipher: FieldCipher, last: Sequence[Any] | None, batch: int
) -> Sequence[Any]:
    keys = list(sealed.table.primary_key.columns)
    plain = [] if sealed.plain is None else [sealed.plain]
    query = select(*keys, sealed.column, *plain).where(_stale(sealed, cipher)).order_by(*keys).limit(batch)
    if last is not None:
        query = query.where(tuple_(*keys) > tuple_(*last, types=[key.type for key in keys]))
    connection = await session.connection()
    return (await connection.execute(query)).all()


def _stale(sealed: SealedColumn, cipher: FieldCipher) -> ColumnElement[bool]:
    """Match rows that need sealing."""
    stale = and_(sealed.column.is_not(None), func.substring(sealed.column, 1, PREFIX_BYTES) != cipher.prefix)
    if sealed.plain is None:
        return stale
    return or_(stale, and_(sealed.column.is_(None), sealed.plain != {}))


def _changes(sealed: SealedColumn, cipher: FieldCipher, rows: Sequence[Any], progress: Progress) -> list[_Change]:
    changes = []
    for row in rows:
        key, held = _key(sealed, row), row[len(sealed.table.primary_key.columns)]
        place = row_id(*key)
        if held is None:
            changes.append(_Change(key, row[-1], cipher.seal(sealed.name, place, _json(row[-1]))))
            continue
        try:
            text = cipher.open(sealed.name, place, held)
        except SealedDataError as error:
            progress.refused += 1
            _log.error("%s row=%s", error.message, place)
        else:
            changes.append(_Change(key, held, cipher.seal(sealed.name, place, text)))
    return changes


async def _write(session: AsyncSession, sealed: SealedColumn, changes: list[_Change], progress: Progress) -> None:
    sealed_before = [change for change in changes if isinstance(change.old, bytes)]
    plain_before = [change for change in changes if not isinstance(change.old, bytes)]
    connection = await session.connection()
    for group in (sealed_before, plain_before):
        if not group:
            continue
        from_plain = sealed.plain is not None and group is plain_before
        old = sealed.plain if sealed.plain is not None and from_plain else sealed.column
        source = _source(sealed, old, group)
        keys = zip(sealed.table.primary_key.columns, source.columns, strict=False)
        unchanged = and_(*(mine == given for mine, given in keys), old == source.columns["old"])
        new: dict[Any, Any] = {sealed.column: source.columns["new"]}
        if from_plain:
            unchanged = and_(unchanged, sealed.column.is_(None))
            new[old] = {}
        written = (await connection.execute(update(sealed.table).where(unchanged).values(new))).rowcount
        progress.resealed += written
        progress.others += len(group) - written


def _source(sealed: SealedColumn, old: Any, changes: list[_Change]) -> Values:
    """The changes as a table: the key's columns, then ``old`` and ``new``."""
    keys = [column(f"key{n}", each.type) for n, each in enumerate(sealed.table.primary_key.columns)]
    shape = values(*keys, column("old", old.type), column("new", sealed.column.type), name="given")
    return shape.data([(*change.key, change.old, change.new) for change in changes])


def _key(sealed: SealedColumn, row: Any) -> tuple[Any, ...]:
    return tuple(row[: len(sealed.table.primary_key.columns)])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
