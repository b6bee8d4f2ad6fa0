"""How commands serve one application on one port: the port is had or explained, granian runs, all ends."""

import asyncio
import os
import signal
from typing import Never

import click
from granian.server.embed import Server

from cli.ports import bindable, reachable

_STOP_SECONDS = 3.0  # for requests to end; a page that listens to events never does


def free_port(who: str, host: str, port: int) -> int:
    """The port, a free one for 0. Raises click.ClickException with the reason and the way out."""
    try:
        return bindable(host, port)
    except OSError as error:
        raise click.ClickException(
            f"{who} cannot listen on {host}, port {port}: {error.strerror}. --port 0 takes a free one"
        ) from error


def serve(server: Server, host: str, port: int, ready: str) -> Never:
    """Serve until SIGTERM or ctrl-C, say ``ready`` once that can be used, and end the process."""
    asyncio.run(_serve(server, host, port, ready))


async def _serve(server: Server, host: str, port: int, ready: str) -> Never:
    stopped = asyncio.Event()

    def stop() -> None:
        server.stop()  # type: ignore[no-untyped-call]  # granian does not type it
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve())
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(reachable(host), port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            click.echo(ready)
            break
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({serving}, timeout=_STOP_SECONDS)
    if serving.done():
        serving.result()
    os._exit(0)  # about one in fifty times a thread of granian's aborts an orderly exit of the interpreter
