"""Rows that a file describes: added or brought in line, so that a file can be loaded again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct
from sqlmodel import SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

_Row = TypeVar("_Row", bound=SQLModel)


class Change(Struct, frozen=True, order=True):
    """Something that is new or different; ``what`` is such as ``lot:city-parking/101``."""

    what: str
    how: str


class Rows:
    """The rows of one load, with all that changed."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self._session, self._now = session, now
        self.changes: list[Change] = []

    async def put(
        self,
        table: type[_Row],
        key: Mapping[str, Any],
        values: Mapping[str, Any],
        name: str,
        *,
        closed: bool | None = None,
    ) -> _Row:
        """Add a row, or change what differs in it; ``closed`` None: its table knows no closing."""
        query = select(table).where(*(getattr(table, column) == value for column, value in key.items()))
        row = (await self._session.exec(query)).first()
        if row is None:
            moment = {"created_at": self._now} if "created_at" in table.model_fields else {}
            row = table(**key, **values, **moment)
            self.changes.append(Change(name, "added"))
        else:
            different = [column for column, value in values.items() if getattr(row, column) != value]
            for column in different:
                setattr(row, column, values[column])
            if different:
                self.changes.append(Change(name, f"changed: {', '.join(sorted(different))}"))
        if closed is not None and closed != (getattr(row, "closed_at") is not None):  # noqa: B009 - not every row has it
            setattr(row, "closed_at", self._now if closed else None)  # noqa: B010 - as above
            self.changes.append(Change(name, "closed" if closed else "opened"))
        self._session.add(row)
        await self._session.flush()
        return row
