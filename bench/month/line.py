"""Calls between two processes of ours over a socket, both ways at once; what fails there fails here.

The other end is a child of ours on a socket pair that nobody else can reach, so pickles are safe.
"""

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

_SIZE = 4
_LIMIT = 2**24

Answering = Callable[[str, tuple[Any, ...]], Awaitable[Any]]


class LineLostError(Exception):
    """The other process is gone; whether it has done what it was asked is not known."""


class Line:
    """``call`` asks the other end; ``answer`` is what it may ask this one. ``run`` reads until it is gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answering) -> None:
        self._reader, self._writer, self._answer = reader, writer, answer
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.lost = False

    async def call(self, name: str, *arguments: Any) -> Any:
        """Raises LineLostError, and what the other end raises."""
        if self.lost:
            raise LineLostError(name)
        number = next(self._numbers)
        future = self._asked[number] = asyncio.get_running_loop().create_future()
        self._write((number, name, arguments))
        return await future

    async def run(self) -> None:
        """Take calls and answers."""
        try:
            while True:
                size = int.from_bytes(await self._reader.readexactly(_SIZE))
                self._take(pickle.loads(await self._reader.readexactly(size)))  # noqa: S301 - a child of ours
        except (asyncio.IncompleteReadError, OSError):
            self.lost = True
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(LineLostError("the process is gone"))
            for task in self._answering:
                task.cancel()
        finally:
            self._writer.close()

    def _take(self, frame: tuple[int, str, Any]) -> None:
        number, name, body = frame
        if name not in ("", "!"):
            task = asyncio.create_task(self._answered(number, name, body))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
            return
        future = self._asked.pop(number)
        if future.done():
            return
        if name:
            future.set_exception(_raised(*body))
        else:
            future.set_result(body)

    async def _answered(self, number: int, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            self._write((number, "", await self._answer(name, arguments)))
        except Exception as error:  # noqa: BLE001 - it is raised at the other end
            self._write((number, "!", (type(error), error.args, vars(error))))

    def _write(self, frame: tuple[int, str, Any]) -> None:
        if not self.lost:
            data = pickle.dumps(frame)
            self._writer.write(len(data).to_bytes(_SIZE) + data)


def _raised(kind: type[Exception], arguments: tuple[Any, ...], rest: dict[str, Any]) -> Exception:
    """Make an error again, whatever its class wants to be made of."""
    error = kind.__new__(kind, *arguments)
    vars(error).update(rest)
    return error
