"""``yiwang run`` as a newcomer meets it: it starts, answers, mends itself, and ends without leaving anything behind."""

import asyncio
import base64
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from adapters.sandbox.development import APPS
from cli.ports import bindable, url
from kernel.database import asyncpg_url
from kernel.embedded import servers
from kernel.settings import Settings
from tests.programs import runs

pytestmark = pytest.mark.case("issue-2.1")
REPOSITORY = Path(__file__).parents[2]
QUERY = (REPOSITORY / "examples" / "first_query.graphql").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> dict[int, str]:
    """The pids of a process's children and what they run."""
    found = {}
    for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended between listing and reading
            found[int(each)] = Path(f"/proc/{each}/cmdline").read_text().replace("\0", " ")
    return found


def _wait(for_what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if found := for_what():
                return found
        time.sleep(0.05)
    pytest.fail(f"waited for {for_what.__doc__ or for_what} in vain")


def _posted(to: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is answered to JSON that is posted."""
    data, headers = json.dumps(body).encode() if body else b"", {"content-type": "application/json"}
    request = urllib.request.Request(to, data=data, headers=headers)  # noqa: S310 - our own loopback URL
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
        answer: dict[str, Any] = json.load(response)
        return answer


class Running:
    """One ``yiwang run``, its port and what it says."""

    def __init__(self, state: Path) -> None:
        self.port = _free_port()
        self.state = state
        self.output = state.with_suffix(".out")
        self.environ = os.environ | {
            "YIWANG_STATE_DIR": str(state),
            "YIWANG_GATEWAY_PORT": str(self.port),
            "YIWANG_SANDBOX_PORT": str(_free_port()),
        }
        self.start()

    def start(self) -> None:
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "cli.main", "run", "--example-ports", "0"]
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=self.environ, stdout=output, stderr=output)  # noqa: S603 - ourselves
        _wait(lambda: self.said("Yiwang runs"))

    def said(self, pattern: str) -> "re.Match[str] | None":
        assert self.process.poll() is None, self.output.read_text()
        return re.search(pattern, self.output.read_text())

    def ask(self, query: str = QUERY, **variables: str) -> dict[str, Any]:
        return _posted(f"http://127.0.0.1:{self.port}/graphql", {"query": query, "variables": variables})


@pytest.fixture
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        started = Running(Path(folder) / "state")
        try:
            yield started
        finally:
            started.process.kill()
            started.process.wait()


def _sh(script: str, cwd: Path, environ: dict[str, str]) -> str:
    """What a shell prints for lines that people are told to type."""
    command = ["sh", "-ec", script]
    finished = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own texts
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def _yiwang(running: Running, *arguments: str) -> str:
    """What the operator's command prints."""
    return _sh(shlex.join([sys.executable, "-m", "cli.main", *arguments]), REPOSITORY, running.environ)


def _here(block: str, running: Running) -> str:
    """A page's lines with the addresses of this run."""
    sandbox = running.said(r"sandbox +(http://127\.0\.0\.1:\d+)")
    assert sandbox
    here = block.replace("http://127.0.0.1:9200", sandbox[1])
    return here.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{running.port}")


def _shown(language: str, page: str = "README.md") -> list[str]:
    text = (REPOSITORY / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_everything_runs_answers_mends_itself_and_ends(running: Running) -> None:
    assert "could not be published" not in running.output.read_text()
    answer = running.ask()
    assert "errors" not in answer
    assert all(answer["data"].values())
    printed = running.said(r"  curl -s .*\n.*")
    assert printed
    assert json.loads(_sh(printed[0], REPOSITORY, running.environ))["data"].keys() == answer["data"].keys()
    sandbox = running.said(r"sandbox +(http://127\.0\.0\.1:\d+)")
    assert sandbox
    with urllib.request.urlopen(f"{sandbox[1]}/residents", timeout=10) as response:  # noqa: S310 - our own loopback URL
        assert json.load(response)

    (sign_in,) = [block for block in _shown("sh") if "signIn" in block]
    me = json.loads(_sh(_here(sign_in, running), REPOSITORY, running.environ))["data"]["me"]
    assert (me["assurance"]["level"], [each["channel"] for each in me["sessions"]]) == ("L1", ["wechat"])

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
    gate, token = _gate(running)
    listening = urllib.request.Request(f"{gate}/events", headers={"authorization": f"Bearer {token}"})  # noqa: S310 - our own loopback URL
    with urllib.request.urlopen(listening, timeout=10):  # noqa: S310 - as above; a page that stays open holds nothing up
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert "killed" not in running.output.read_text().split("stopping")[1]


def _gate(running: Running) -> tuple[str, str]:
    """The address and the token of the garage's box."""
    printed = running.said(r"its gate +(\S+)/#token=(\S+)")
    assert printed
    return printed[1], printed[2]


def _parking(running: Running) -> list[tuple[str, str]]:
    """What is printed of the gate's token and the stickers."""
    return re.findall(r"#token=(\S+)|sticker \w+ +(\S+)", running.output.read_text())


def test_a_vehicle_parks_and_pays_as_docs_parking_says(running: Running) -> None:
    gate, token = _gate(running)
    status = f"curl -s {gate}/status -H 'authorization: Bearer {token}'"
    _wait(lambda: json.loads(_sh(status, REPOSITORY, running.environ))["snapshot"])
    (block,) = [each for each in _shown("sh", "docs/parking.md") if "camera" in each]
    block = block.replace("http://127.0.0.1:9300", gate).replace("token=…", f"token={token}")
    comes, goes = re.split(r"\n.*parking show.*\n", block)
    assert '"late"' in _sh(comes, REPOSITORY, running.environ)
    _wait(lambda: "1 of 420" in _yiwang(running, "parking", "show"))
    functions = "\n".join(comes.splitlines()[:2])
    assert '"open"' in _sh(f"{functions}\n{goes}", REPOSITORY, running.environ)
    _wait(lambda: "0 of 420" in _yiwang(running, "parking", "show"))
    sticker = running.said(r"sticker enter +(\S+)")
    assert sticker
    with urllib.request.urlopen(sticker[1], timeout=10) as response:  # noqa: S310 - our own loopback URL
        assert "人民广场地下车库 入口" in response.read().decode()


def test_a_killed_run_leaves_nothing_behind_and_can_start_again(running: Running) -> None:
    children, parking = _children(running.process.pid), _parking(running)
    assert len(parking) == 3
    running.process.kill()
    running.process.wait()
    _wait(lambda: not any(runs(pid) for pid in children))
    running.start()
    assert "errors" not in running.ask()
    assert "could not be published" not in running.output.read_text()
    assert _parking(running) == parking


def test_worker_and_beat_do_what_is_due(running: Running) -> None:
    """A message without a queue is looked at by the sweep, which beat starts and the worker does."""
    environ = {"YIWANG_STATE_DIR": str(running.state)}

    async def look(statement: str) -> Any:
        with servers(Settings(state_dir=environ["YIWANG_STATE_DIR"])) as settings:
            connection = await asyncpg.connect(asyncpg_url(settings.database_url))
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

    asyncio.run(
        look(
            "INSERT INTO outbox (id, task, arguments, request_id, created_at, due_at, sends, failures, last_error) "
            "VALUES (gen_random_uuid(), 'nobody.does_it', '{}', '', now(), now(), 1, 0, '')"
        )
    )
    _wait(lambda: asyncio.run(look("SELECT due_at > now() FROM outbox")))
    assert "a message cannot be sent" in (running.state / "worker.log").read_text()


def test_a_sign_in_is_in_the_audit_log_soon_and_the_log_is_whole(running: Running) -> None:
    """Beat has the worker look every five seconds for what the log does not have yet."""
    sandbox = running.said(r"sandbox +(http://127\.0\.0\.1:\d+)")
    assert sandbox
    app = APPS["wechat"]
    code = _posted(f"{sandbox[1]}/phones/wang/wechat/{app}/login")["code"]
    sign_in = "mutation ($app: String!, $code: String!) { signIn(app: $app, code: $code) { session { id } } }"
    answer = running.ask(sign_in, app=app, code=code)
    object_ = f"session:{answer['data']['signIn']['session']['id']}"

    def recorded() -> str:
        return _yiwang(running, "audit", "show", "--json", "--object", object_)

    began = time.monotonic()
    (entry,) = _wait(recorded).splitlines()
    assert time.monotonic() - began < 30  # five seconds, and a machine that does other things
    assert json.loads(entry)["action"] == "session.begun"
    assert "The audit log is whole" in _yiwang(running, "audit", "verify")
    for service in ("bus", "hospital", "marriage", "parking"):  # their entries came out with it
        entries = yaml.safe_load_all((REPOSITORY / f"examples/departments/{service}/entries.yaml").read_text())
        for code in (each["code"] for each in entries):
            assert "entry.published" in _yiwang(running, "audit", "show", "--json", "--object", f"entry:{code}")
    offices = running.ask('{ appointmentOffices(service: "marriage-registration") { code days { times } } }')
    assert {each["code"] for each in offices["data"]["appointmentOffices"] if each["days"]} == {"civic-centre", "yunze"}


def test_the_readme_is_true(running: Running, tmp_path: Path) -> None:
    """The block that publishes is typed into a shell, and the answer shown is the one given, but for free bays."""
    (publish,) = [block for block in _shown("sh") if "publish" in block]
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    for file in (REPOSITORY / "examples" / "departments" / "marriage").glob("*.yaml"):
        text = file.read_text().replace("department: civil-affairs", "department: parks")
        text = text.replace(
            "entries: [entries.yaml]\n", ""
        )  # another department's, whose organisation is not this one's
        (tmp_path / file.name).write_text(text.replace("name: marriage", "name: parks"))
    environ = running.environ | {"YIWANG_GATEWAY": f"http://127.0.0.1:{running.port}"}
    assert "parks: version 1 is live" in _sh(publish, tmp_path, environ)

    (text,) = _shown("json")
    shown = json.loads(re.sub(r",\s*…", "", text))["data"]
    given = running.ask()["data"]
    for data in (shown, given):
        for lot in data["parking"]["lots"]:
            lot["occupancy"]["free"] = "some"
    assert shown["parking"]["lots"] == given["parking"]["lots"][:1]
    assert shown["hospital"]["departments"] == given["hospital"]["departments"][:1]
    assert shown["marriage"]["offices"]["items"] == given["marriage"]["offices"]["items"][:1]


def test_a_browser_s_sign_in_can_be_walked_through_from_a_shell(running: Running, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    (walk,) = [block for block in _shown("sh", "docs/sign_on.md") if "/oauth/authorize" in block]
    tokens = json.loads(_sh(_here(walk, running), tmp_path, running.environ))
    payload = tokens["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["aud"], claims["nonce"], claims["acr"], claims["amr"]) == ("try", "n1", "L1", ["sms"])


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


@pytest.mark.parametrize("host", ["::", "::1"])
def test_ports_of_ipv6_are_judged_too(host: str) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        try:
            taken.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"this machine has no IPv6: {error}")
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            bindable(host, port)
    assert bindable(host, port) == port
    assert url(host, port) == f"http://[::1]:{port}"
