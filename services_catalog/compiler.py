"""Compiles documents and compares slices away from the event loop, each in a process of its own.

A thread would not do: compiling is Python code that holds the interpreter's lock, and a document may take seconds. A
pool of processes would save 0.1 s a publication, but keeps memory for work that is rare, lets one document's crash
break another's, and outlives a killed gateway.
"""

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

from services_catalog.compiler_process import Compiled, Order
from services_catalog.errors import CompilerFailedError

_ROOT = Path(__file__).parents[1]
_SECONDS = 90.0  # of waiting: with its processor shared, a compiler needs longer than its CPU_SECONDS
_AT_ONCE = 2  # of one gateway process
_ENVIRONMENT = {"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"}

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Compiler:
    """Runs compiler processes for one event loop, a few at once."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def compile(self, order: Order) -> Compiled:
        """Compile and compare. Raises CompilerFailedError if that takes too much time or memory."""
        return await self.run("services_catalog.compiler_process", order.service, order, Compiled)

    async def run(self, module: str, service: str, order: object, result: type[_T]) -> _T:
        """Give a module's process an order about a service, and return its result. Raises CompilerFailedError."""
        async with self._slots:
            done = await asyncio.to_thread(_run, module, msgspec.msgpack.encode(order), service)
        return msgspec.msgpack.decode(done, type=result)


def _run(module: str, order: bytes, service: str) -> bytes:
    # Settings and secrets, whoever's, stay out of a process that reads what departments send.
    environment = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    command = [sys.executable, "-m", module]
    try:
        return subprocess.run(  # noqa: S603 - our own module, no shell
            command, input=order, capture_output=True, timeout=_SECONDS, cwd=_ROOT, env=environment, check=True
        ).stdout
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        _log.exception("the compiler failed on %s: %s", service, (error.stderr or b"")[-2000:].decode(errors="replace"))
        raise CompilerFailedError(
            f"The document of {service} needs too much time or memory to compile, or stopped the compiler",
            fix="Check it with `yiwang compile`, which says more; the platform's log has the reason.",
        ) from error
