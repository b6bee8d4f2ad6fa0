"""``yiwang gateway``: answers requests. One worker is one process; several share the port under a light parent."""

import asyncio
import gc
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import closing

import click
import msgspec

from kernel import logs
from kernel.embedded import servers
from kernel.http_server.asgi import Application
from kernel.http_server.listening import ListenError, address, listen, reserve
from kernel.http_server.workers import WorkerError, Workers
from kernel.plain_errors import plain
from kernel.settings import Settings, load, variable

_GRACE_SECONDS = 8.0  # for requests at the end; `yiwang run` waits 15 s, container engines 10 s
_COLLECTION = (20_000, 50, 100)  # requests leave no cycles; at Python's (700, 10, 10) looking for some took 2 to 6 %
_RESERVED_FILES = 256  # descriptors for everything but clients


@click.command("gateway")
@click.option("--host", help=f"The address to listen on, else {variable('gateway_host')}.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"Else {variable('gateway_port')}; 0 is any free one.")
@click.option("--workers", type=click.IntRange(1), help=f"Processes, one a core, else {variable('gateway_workers')}.")
def gateway(host: str | None, port: int | None, workers: int | None) -> None:
    """Answer requests until SIGTERM or ctrl-C; what is being answered then is finished.

    HTTP/1.1 without TLS: in production stand nginx, envoy or a load balancer in front.
    """
    settings = load()
    logs.configure(settings.log_level)
    host = host or settings.gateway_host
    port = settings.gateway_port if port is None else port
    settings = msgspec.structs.replace(settings, gateway_host=host, gateway_port=port)
    try:
        with servers(settings) as settings:
            if (workers or settings.gateway_workers) == 1:
                with closing(listen(host, port)) as listening:
                    _work(settings, listening, lambda: _say(listening))
            else:
                _share(settings, host, port, workers or settings.gateway_workers)
    except ListenError as error:
        raise click.ClickException(
            f"{error}. End that, or choose another port with --port or {variable('gateway_port')}"
        ) from error
    except WorkerError as error:
        raise click.ClickException(str(error)) from error


def _share(settings: Settings, host: str, port: int, workers: int) -> None:
    with closing(reserve(host, port)) as reserved:
        port = reserved.getsockname()[1]

        def work(parent: socket.socket) -> None:
            try:
                with closing(listen(host, port, shared=True)) as listening:
                    _work(settings, listening, lambda: parent.sendall(b"."), parent)
            except Exception as error:
                if (said := plain(error)) is None:
                    raise
                raise SystemExit(f"yiwang: {said}") from error

        Workers(workers, work, lambda: _say(reserved)).run()


def _say(listening: socket.socket) -> None:
    click.echo(f"Yiwang answers at {address(listening)}/graphql")


def _work(
    settings: Settings, listening: socket.socket, on_ready: Callable[[], None], parent: socket.socket | None = None
) -> None:
    """Be the process that answers. Everything heavy is imported here, so that a parent stays light."""
    import uvloop  # noqa: PLC0415 - see above

    uvloop.run(_serve(settings, listening, on_ready, parent))


async def _serve(
    settings: Settings, listening: socket.socket, on_ready: Callable[[], None], parent: socket.socket | None
) -> None:
    from gateway.app import Gateway  # noqa: PLC0415 - as above
    from kernel.http_server.limits import Limits  # noqa: PLC0415 - as above
    from kernel.http_server.request import Direct  # noqa: PLC0415 - as above
    from kernel.http_server.server import Server  # noqa: PLC0415 - as above

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if parent is not None:
        loop.add_reader(parent, stopping.set)  # it has nothing to say but its end
    app = Gateway(settings)
    async with app.running():
        direct = {path: Direct(handler, settings.max_request_bytes) for path, handler in app.direct.items()}
        _ = app.others  # now, so that no request waits for it
        server = Server(app, direct, Limits(connections=_connections(Limits.connections)))
        await server.open(listening)
        gc.collect()
        gc.freeze()  # what is loaded now stays, so later collections need not look at it
        gc.set_threshold(*_COLLECTION)
        on_ready()
        await stopping.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)  # a second one ends us at once
        if parent is not None:
            loop.remove_reader(parent)
        await server.stop(_GRACE_SECONDS)


def application() -> Application:
    """Make the gateway for another ASGI server: ``granian --interface asgi --factory gateway.main:application``."""
    from gateway.app import Gateway  # noqa: PLC0415 - as above

    return Gateway(load())


def _connections(wanted: int) -> int:
    """How many clients this process may have, once its limit of open files is as high as it needs and may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _RESERVED_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    files = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _RESERVED_FILES, 1)
