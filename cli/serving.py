"""How commands serve one application on one port: the port is had or explained, it is served, all ends in order."""

import asyncio
import signal
from contextlib import closing

import click
import uvloop

from cli.ports import bindable
from kernel.http_server.asgi import Application
from kernel.http_server.lifespan import lifespan
from kernel.http_server.listening import listen
from kernel.http_server.server import Server

_GRACE_SECONDS = 3.0  # for requests at the end


def free_port(who: str, host: str, port: int) -> int:
    """The port, a free one for 0. Raises click.ClickException with the reason and the way out."""
    try:
        return bindable(host, port)
    except OSError as error:
        raise click.ClickException(
            f"{who} cannot listen on {host}, port {port}: {error.strerror}. --port 0 takes a free one"
        ) from error


def serve(application: Application, host: str, port: int, ready: str) -> None:
    """Serve until SIGTERM or ctrl-C, and say ``ready`` once that can be used."""
    uvloop.run(_serve(application, host, port, ready))


async def _serve(application: Application, host: str, port: int, ready: str) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with closing(listen(host, port)) as listening:
        async with lifespan(application) as state:
            server = Server(application, state=state)
            await server.open(listening)
            click.echo(ready)
            await stopping.wait()
            await server.stop(_GRACE_SECONDS)
