"""Which columns hold sealed values: those that their tables mark, so that none is forgotten when keys change.

A table marks a ``LargeBinary`` column with ``info={"sealed": "account.name"}``: the name that values are sealed for,
which stays when table or column is renamed. ``"sealed_from": "name"`` beside it names a JSONB column of the same
table that held the values before they were sealed, ``{}`` where there was none.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Column, MetaData, Table


class SealedColumn(Struct, frozen=True):
    """One marked column; ``plain`` is the one whose values it takes over."""

    name: str
    table: Table
    column: Column[bytes]
    plain: Column[dict[str, object]] | None


def sealed_columns(metadata: MetaData) -> list[SealedColumn]:
    """Every marked column, by table. ``migrations.tables`` fills ``SQLModel.metadata``."""
    return [
        SealedColumn(column.info["sealed"], table, column, _plain(table, column))
        for table in metadata.sorted_tables
        for column in table.columns
        if "sealed" in column.info
    ]


def row_id(*primary_key: object) -> str:
    """Say which row: the text of a key of one column, of several columns their JSON array, which is unambiguous."""
    if len(primary_key) == 1:
        return str(primary_key[0])
    return msgspec.json.encode(_texts(primary_key)).decode()


def _texts(primary_key: Sequence[object]) -> list[str]:
    return [str(part) for part in primary_key]


def _plain(table: Table, column: Column[bytes]) -> Column[dict[str, object]] | None:
    name = column.info.get("sealed_from")
    return table.columns[name] if name else None
