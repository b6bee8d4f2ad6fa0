"""The lifespan of an ASGI application: https://asgi.readthedocs.io/en/latest/specs/lifespan.html."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kernel.http_server.asgi import Application, Message

_log = logging.getLogger(__name__)


class StartupError(RuntimeError):
    """The application cannot start or stop; the message is its own."""


@asynccontextmanager
async def lifespan(app: Application) -> AsyncIterator[dict[str, Any]]:
    """Start the application, yield its state, and stop it after the block. Raises StartupError.

    An application that ends or fails at once has no lifespan, which the specification allows.
    """
    state: dict[str, Any] = {}
    orders: asyncio.Queue[Message] = asyncio.Queue()
    answers: asyncio.Queue[Message] = asyncio.Queue()

    async def follow() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        try:
            await app(scope, orders.get, answers.put)
        except Exception:  # noqa: BLE001 - it may mean that there is no lifespan
            _log.info("the application has no lifespan, or its lifespan failed", exc_info=True)

    async def order(step: str) -> None:
        orders.put_nowait({"type": f"lifespan.{step}"})
        answering = asyncio.create_task(answers.get())
        await asyncio.wait((following, answering), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
        elif (answer := answering.result())["type"] == f"lifespan.{step}.failed":
            raise StartupError(answer.get("message") or f"the application failed at {step}")

    following = asyncio.create_task(follow())
    try:
        await order("startup")
        yield state
        await order("shutdown")
    finally:
        following.cancel()
        await asyncio.wait((following,))
