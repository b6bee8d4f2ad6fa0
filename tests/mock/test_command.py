import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from cli.mock import load
from supergraph.mock.request import Call

ROOT = Path(__file__).parents[2]
DEPARTMENTS = ROOT / "examples" / "departments"


@contextmanager
def mock(*arguments: str) -> Iterator[tuple[HTTPConnection, "subprocess.Popen[str]"]]:
    """A running ``yiwang mock`` and a connection to it."""
    command = [sys.executable, "-m", "cli.main", "mock", *arguments, "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://127\.0\.0\.1:(\d+)/ ", line):
                    break
            else:
                raise AssertionError("the mock did not start")
            connection = HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
            with closing(connection):
                yield connection, process
        finally:
            process.terminate()
    assert process.returncode == 0


def get(connection: HTTPConnection, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection.request(method, target)
    with connection.getresponse() as answer:
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_several_documents_below_their_names() -> None:
    parking, bus = DEPARTMENTS / "parking" / "openapi.yaml", DEPARTMENTS / "bus" / "openapi.json"
    with mock(str(parking), f"buses={bus}", "--seed", "3") as (connection, process):
        status, headers, body = get(connection, "/parking/lots/L001")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert headers["access-control-allow-origin"] == "*"
        assert json.loads(body)["bays"] >= 1
        assert get(connection, "/parking/lots/L001")[2] == body
        assert get(connection, "/buses/api/stops/S01")[0] == 200
        assert get(connection, "/trains/api/stops/S01")[0] == 404
        assert get(connection, "/parking/lots", "OPTIONS")[0] == 204
        assert get(connection, "/parking/lots", "HEAD")[2] == b""
        index = get(connection, "/")[2].decode()
        assert "云州停车" in index
        assert '<a href="/buses/api/lines">' in index
        assert process.stdout is not None
        assert re.search(r"GET /parking/lots/L001 200 [\d.]+ ms", process.stdout.readline())


def test_one_document_at_its_own_paths() -> None:
    with mock(str(DEPARTMENTS / "hospital" / "swagger.json"), "--quiet") as (connection, _):
        assert get(connection, "/his/v2/departments")[0] == 200
        assert get(connection, "/departments")[0] == 200
        assert b"/doctors/{doctor_id}" in get(connection, "/")[2]


def test_documents_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("paths: [", encoding="utf-8")
    command = [sys.executable, "-m", "cli.main", "mock", str(broken)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 1
    assert "broken.yaml is left out" in done.stderr
    assert "not valid YAML" in done.stderr


def test_files_that_are_no_part_of_the_document_stay_private(tmp_path: Path) -> None:
    (tmp_path / "private.json").write_text('{"const": "hunter2"}', encoding="utf-8")
    (tmp_path / "apis").mkdir()
    answer = {"description": "", "content": {"application/json": {"schema": {"$ref": "../private.json"}}}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/a": {"get": {"responses": {"200": answer}}}}}
    path = tmp_path / "apis" / "parks.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    reply = load((str(path),), 0)["parks"].reply(Call("GET", "/a", "", {}, b""))
    assert b"hunter2" not in reply.body


def test_a_taken_port_is_said_before_anything_is_served() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "cli.main", "mock", str(DEPARTMENTS / "bus" / "openapi.json"), "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"Error: the mock cannot listen on 127.0.0.1, port {port}: Address already in use. --port 0 takes a free one\n"
    )
