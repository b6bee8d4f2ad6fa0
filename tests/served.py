"""An application behind the gateway's own server, on a free port of this machine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from kernel.http_server.asgi import Application
from kernel.http_server.listening import listen
from kernel.http_server.request import Direct
from kernel.http_server.server import Server


@asynccontextmanager
async def served(app: Application, direct: Mapping[str, Direct] | None = None) -> AsyncIterator[str]:
    """Yield its address."""
    listening = listen("127.0.0.1", 0)
    server = Server(app, direct or {})
    await server.open(listening)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        await server.stop(0)
