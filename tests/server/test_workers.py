"""Several processes on one port: started, replaced, ended, and never left behind. And the command itself."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from kernel.http_server.listening import ListenError, address, listen, reserve
from kernel.settings import Settings, variable
from tests.conftest import REPOSITORY
from tests.programs import runs

Process = subprocess.Popen[str]


@contextmanager
def started(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Process]:
    process = subprocess.Popen(  # noqa: S603 - our own programs
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, **(env or {})},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def who(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/who")
        return int(connection.getresponse().read())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def ask_all(port: int, number: int) -> set[int]:
    """Ask until ``number`` different workers have answered: the kernel spreads connections by chance."""
    found: set[int] = set()

    def complete() -> bool:
        found.add(who(port))
        return len(found) == number

    eventually(complete)
    return found


def test_all_workers_answer_and_sigterm_ends_them() -> None:
    with started("tests.server.worker_program", "3") as parent:
        workers = ask_all(int(line(parent)), 3)
        assert parent.pid not in workers
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(20) == 0
        assert not any(map(runs, workers))


def test_a_worker_that_dies_is_replaced() -> None:
    with started("tests.server.worker_program", "2") as parent:
        port = int(line(parent))
        before = ask_all(port, 2)
        victim = before.pop()
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not runs(victim))
        after = ask_all(port, 2)
        assert victim not in after
        assert before < after
        parent.send_signal(signal.SIGINT)
        assert parent.wait(20) == 0


def test_workers_end_when_the_parent_is_killed() -> None:
    with started("tests.server.worker_program", "2") as parent:
        workers = ask_all(int(line(parent)), 2)
        parent.kill()
        eventually(lambda: not any(map(runs, workers)))


def test_a_worker_that_cannot_start_ends_everything() -> None:
    with started("tests.server.worker_program", "2", "fail") as parent:
        _, errors = parent.communicate(timeout=20)
        assert parent.returncode == 1
        assert "no database" in errors
        assert "a worker ended before it was ready" in errors


def test_a_busy_port_is_explained() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        for take in (listen, reserve):
            with pytest.raises(ListenError, match=rf"port {port} of 127.0.0.1 .* by process {os.getpid()} \(.*python"):
                take("127.0.0.1", port)


def test_a_shared_port_is_busy_for_all_but_those_who_share_it() -> None:
    with reserve("127.0.0.1", 0) as reserved:
        port = reserved.getsockname()[1]
        with listen("127.0.0.1", port, shared=True), listen("127.0.0.1", port, shared=True) as listening:
            assert address(listening) == f"http://127.0.0.1:{port}"
            for take in (listen, reserve):
                with pytest.raises(ListenError):
                    take("127.0.0.1", port)


def ask_gateway(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        body = json.dumps({"query": "{ __typename }"})
        connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        assert json.load(connection.getresponse()) == {"data": {"__typename": "Query"}}
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200


def urls(server_settings: Settings, database_url: str) -> dict[str, str]:
    named = {"database_url": database_url, "redis_url": server_settings.redis_url}
    return {variable(name): value for name, value in (named | {"state_dir": server_settings.state_dir}).items()}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command(server_settings: Settings, own_database_url: str, workers: str) -> None:
    env = urls(server_settings, own_database_url)
    with started("cli.main", "gateway", "--port", "0", "--workers", workers, env=env) as process:
        said = line(process)
        assert said.startswith("Yiwang answers at http://127.0.0.1:")
        ask_gateway(int(said.rpartition(":")[2].split("/")[0]))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_same_application_runs_under_granian(server_settings: Settings, own_database_url: str) -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
    options = ("--interface", "asgi", "--loop", "uvloop", "--factory", "--port", str(port), "gateway.main:application")
    with started("granian", *options, env=urls(server_settings, own_database_url)) as process:
        eventually(lambda: listens(port))
        ask_gateway(port)
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
