"""What people see instead of a traceback when the world around a command is at fault.

Libraries are looked up among what is already imported: a command that does not use one cannot meet its errors.
"""

import socket
import sys
from collections.abc import Iterator

from kernel.errors import YiwangError
from kernel.settings import SettingsError

_NO_SUCH_TABLE = {"42P01", "42703"}  # PostgreSQL: undefined table, undefined column
_DATABASE = "YIWANG_DATABASE_URL"


def plain(error: BaseException) -> str | None:
    """Say what is wrong and how to mend it; None for a defect of ours, whose traceback is wanted."""
    said = next(filter(None, map(_of_one, _causes(error))), None)
    if said is None and _is(error, "sqlalchemy.exc", "SQLAlchemyError"):
        return f"PostgreSQL cannot be used: {error}\n  Check {_DATABASE}."
    return said


def _of_one(error: BaseException) -> str | None:
    if getattr(error, "sqlstate", None) in _NO_SUCH_TABLE:
        return f"the database lacks what this version needs: {error}\n  Run `yiwang migrate` first."
    if _is(error, "asyncpg", "PostgresError", "InterfaceError"):
        return f"PostgreSQL refuses: {error}\n  Check {_DATABASE}."
    if _is(error, "redis.exceptions", "RedisError"):
        return f"Redis cannot be used: {error}\n  Check YIWANG_REDIS_URL, and that the server runs."
    if isinstance(error, YiwangError):
        return f"{error.message}\n  {error.fix}" if error.fix else error.message
    if isinstance(error, ConnectionError | socket.gaierror | TimeoutError):
        return f"PostgreSQL cannot be reached: {error}\n  Check {_DATABASE}, and that the server runs."
    return str(error) if isinstance(error, OSError | SettingsError) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it wraps, the innermost first."""
    inner = getattr(error, "orig", None) or error.__cause__
    if isinstance(inner, BaseException):
        yield from _causes(inner)
    yield error


def _is(error: BaseException, module: str, *names: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, tuple(getattr(loaded, name) for name in names))
