"""How Authlib's synchronous hooks wait for asyncio code. See the package's docstring."""

from collections.abc import Awaitable
from typing import TypeVar

from sqlalchemy.util import await_only

_T = TypeVar("_T")


def wait(awaitable: Awaitable[_T]) -> _T:
    """Return what ``awaitable`` gives; only inside ``AsyncSession.run_sync``."""
    return await_only(awaitable)
