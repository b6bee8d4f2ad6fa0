"""The processes of Yiwang as tests run them: each on a free port, its output in a file, ended with the block."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp

from kernel.settings import Settings, variable

ROOT = Path(__file__).parents[2]


@contextmanager
def process(module_and_arguments: list[str], log: Path, environ: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as output:
        command = [sys.executable, "-m", *module_and_arguments]
        started = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=output, stderr=output)  # noqa: S603 - ourselves
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(30)


@contextmanager
def mock(documents: Iterable[str], log: Path) -> Iterator[str]:
    """Run `yiwang mock` and yield its URL."""
    port = free_port()
    with process(["cli.main", "mock", *documents, "--port", str(port), "--quiet"], log, {}) as started:
        listening(started, port, log)
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def gateway(settings: Settings, log: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Run `yiwang gateway` on the test's servers and yield a client of it."""
    port = free_port()
    environ = {
        "database_url": settings.database_url,
        "redis_url": settings.redis_url,
        "state_dir": settings.state_dir,
        "gateway_port": str(port),
        "upstream_networks": "127.0.0.0/8",
        "access_log": "false",
    }
    with process(["cli.main", "gateway"], log, {variable(name): value for name, value in environ.items()}) as started:
        await asyncio.to_thread(listening, started, port, log)
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=timeout) as client:
            yield client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(started: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(600):
        assert started.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}: {log.read_text()}")
