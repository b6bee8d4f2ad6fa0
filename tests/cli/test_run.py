"""``yiwang run`` as a newcomer meets it: it starts, answers, mends itself, and ends without leaving anything behind."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.examples import all_examples

pytestmark = pytest.mark.case("issue-2.1")
REPOSITORY = Path(__file__).parents[2]
QUERY = (REPOSITORY / "examples" / "first_query.graphql").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _children(pid: int) -> dict[int, str]:
    """The pids of a process's children and what they run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(each): Path(f"/proc/{each}/cmdline").read_text().replace("\0", " ") for each in listed}


def _wait(for_what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if found := for_what():
                return found
        time.sleep(0.05)
    pytest.fail(f"waited for {for_what.__doc__ or for_what} in vain")


class Running:
    """One ``yiwang run``, its port and what it says."""

    def __init__(self, state: Path) -> None:
        self.port = _free_port()
        self.output = state.with_suffix(".out")
        environ = os.environ | {"YIWANG_STATE_DIR": str(state), "YIWANG_GATEWAY_PORT": str(self.port)}
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "cli.main", "run"]
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environ, stdout=output, stderr=output)  # noqa: S603 - ourselves

    def said(self, pattern: str) -> "re.Match[str] | None":
        assert self.process.poll() is None, self.output.read_text()
        return re.search(pattern, self.output.read_text())

    def ask(self) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": QUERY}).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own loopback URL
            answer: dict[str, Any] = json.load(response)
            return answer


@pytest.fixture
def running() -> Iterator[Running]:
    taken = [example.port for example in all_examples() if _taken(example.port)]
    if taken:
        pytest.skip(f"the examples' ports {taken} are taken, perhaps by a `make run`")
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        started = Running(Path(folder) / "state")
        try:
            _wait(lambda: started.said("Yiwang runs"))
            yield started
        finally:
            started.process.kill()
            started.process.wait()


def test_everything_runs_answers_mends_itself_and_ends(running: Running) -> None:
    assert "could not be published" not in running.output.read_text()
    answer = running.ask()
    assert "errors" not in answer
    assert all(answer["data"].values())

    children = _children(running.process.pid)
    (parking,) = [pid for pid, command in children.items() if "departments.parking" in command]
    os.kill(parking, signal.SIGKILL)
    partial = running.ask()
    assert [error["path"][0] for error in partial["errors"]] == ["parking"]
    assert partial["data"]["hospital"]
    assert running.said(r"parking ended \(signal SIGKILL\); it starts again")
    _wait(lambda: "errors" not in running.ask())

    (postgres,) = [pid for pid, command in children.items() if "bin/postgres " in command]
    os.kill(postgres, signal.SIGKILL)
    _wait(lambda: running.said(r"postgres ended \(signal SIGKILL\)"))
    _wait(lambda: any("bin/postgres " in command for command in _children(running.process.pid).values()))

    children = _children(running.process.pid)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert "killed" not in running.output.read_text().split("stopping")[1]


def test_a_killed_run_leaves_nothing_behind_and_can_start_again(running: Running) -> None:
    children = _children(running.process.pid)
    running.process.kill()
    running.process.wait()
    _wait(lambda: not any(_runs(pid) for pid in children))


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = os.environ | {"YIWANG_GATEWAY_PORT": str(taken.getsockname()[1])}
        command = [sys.executable, "-m", "cli.main", "run", "--no-examples"]
        finished = subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    assert finished.returncode == 1
    assert f"port {environ['YIWANG_GATEWAY_PORT']} of 127.0.0.1, which the gateway needs" in finished.stderr
    assert "YIWANG_GATEWAY_PORT=8001 make run" in finished.stderr
