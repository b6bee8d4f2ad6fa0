"""What tests see of the statements that are sent to the database."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, event


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of the database from now on, by SQLAlchemy and past it (``kernel.database.driver``)."""
    statements: list[str] = []
    begun = asyncpg.Connection.__init__

    def noting(connection: Any, *given: Any, **more: Any) -> None:
        begun(connection, *given, **more)
        connection.add_query_logger(lambda each: statements.append(each.query))

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    monkeypatch.setattr(asyncpg.Connection, "__init__", noting)
    event.listen(Engine, "before_cursor_execute", note)
    yield statements
    event.remove(Engine, "before_cursor_execute", note)


def reads(statements: list[str]) -> list[str]:
    """Return those that read; whitespace before them counts for nothing."""
    return [each for each in statements if each.lstrip().startswith(("SELECT", "WITH"))]
