"""Workers that answer with their process id: ``python -m tests.server.worker_program COUNT [fail]``."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import closing

from kernel.http_server.listening import listen, reserve
from kernel.http_server.request import Answer, Direct
from kernel.http_server.server import Server
from kernel.http_server.workers import WorkerError, Workers
from tests.server.apps import nothing


async def who(_method: str, _query_string: bytes, _headers: dict[bytes, bytes], _body: bytes) -> Answer:
    return 200, [], b"%d" % os.getpid()


async def serve(port: int, parent: socket.socket) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_reader(parent, stopping.set)
    with closing(listen("127.0.0.1", port, shared=True)) as listening:
        server = Server(nothing, {"/who": Direct(who, 0)})
        await server.open(listening)
        parent.sendall(b".")
        await stopping.wait()
        await server.stop(5)


def main() -> None:
    reserved = reserve("127.0.0.1", 0)
    port = reserved.getsockname()[1]

    def work(parent: socket.socket) -> None:
        if sys.argv[2:] == ["fail"]:
            raise LookupError("no database")
        asyncio.run(serve(port, parent))

    try:
        Workers(int(sys.argv[1]), work, lambda: print(port, flush=True)).run()  # noqa: T201 - what the test reads
    except WorkerError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
