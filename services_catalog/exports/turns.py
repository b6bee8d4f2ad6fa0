"""How much one process exports at once: anybody may ask for everything, as often as they like."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from services_catalog.exports.errors import ExportBusyError

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Places:
    """How many may be under way; who comes on top does not wait."""

    def __init__(self, number: int) -> None:
        self._free = number

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place until the end of the block. Raises ExportBusyError if there is none."""
        if not self._free:
            raise ExportBusyError
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Turns:
    """Work in a thread, one piece after the other, so that it leaves the process to those who ask for answers."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def take(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what work returns, when its turn has come."""
        async with self._turn:
            return await asyncio.to_thread(work, *args, **kwargs)
