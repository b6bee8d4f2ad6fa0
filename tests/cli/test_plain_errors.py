"""Where the world around a command is at fault, people get a line that says so, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.settings import Settings

REPOSITORY = Path(__file__).parents[2]
NOBODY = "127.0.0.1:9"  # the port of the discard service, which nobody runs


def _fails(*arguments: str, servers: Settings, **environ: str) -> str:
    """What a command that fails prints, without the log lines."""
    environ = {name: getattr(servers, name) for name in ("database_url", "redis_url", "state_dir")} | environ
    named = {f"YIWANG_{name.upper()}": value for name, value in environ.items()}
    command = [sys.executable, "-m", "cli.main", *arguments]
    finished = subprocess.run(  # noqa: S603 - ourselves
        command, cwd=REPOSITORY, env=os.environ | named, capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    return "\n".join(line for line in finished.stderr.splitlines() if not line.startswith("{"))


COMMANDS = (["gateway", "--port", "0"], ["department", "list"], ["outbox"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_without_tables(server_settings: Settings, command: list[str]) -> None:
    said = _fails(*command, servers=server_settings)
    assert said.startswith("yiwang: the database lacks what this version needs")
    assert said.endswith("Run `yiwang migrate` first.")


def test_workers_say_it_too(server_settings: Settings) -> None:
    said = _fails("gateway", "--port", "0", "--workers", "2", servers=server_settings)
    assert "Run `yiwang migrate` first." in said


@pytest.mark.parametrize("command", [*COMMANDS, ["migrate"]], ids=" ".join)
def test_no_database(server_settings: Settings, command: list[str]) -> None:
    said = _fails(*command, database_url=f"postgresql://x@{NOBODY}/x", servers=server_settings)
    assert said.startswith("yiwang: PostgreSQL cannot be reached: ")
    assert said.endswith("Check YIWANG_DATABASE_URL, and that the server runs.")


def test_an_unknown_database(server_settings: Settings) -> None:
    url = server_settings.database_url.replace("/postgres?", "/nowhere?")
    assert url != server_settings.database_url
    said = _fails("migrate", database_url=url, servers=server_settings)
    assert said == 'yiwang: PostgreSQL refuses: database "nowhere" does not exist\n  Check YIWANG_DATABASE_URL.'


def test_a_url_that_is_none(server_settings: Settings) -> None:
    said = _fails("migrate", database_url="hunter2", servers=server_settings)
    assert said.startswith("yiwang: PostgreSQL cannot be used: ")
    assert "hunter2" not in said


def test_a_network_that_is_none() -> None:
    said = _fails("gateway", servers=Settings(), upstream_networks="10.0.0.1/8")
    assert said.startswith("yiwang: YIWANG_UPSTREAM_NETWORKS: 10.0.0.1/8 has host bits set")


def test_a_missing_key_file(server_settings: Settings, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        said = _fails(
            *("gateway", "--port", "0", "--workers", workers), servers=server_settings, state_dir=str(tmp_path)
        )
        assert f"YIWANG_KEY_FILE: there is no key file {tmp_path}/keys.json." in said
    assert list(tmp_path.iterdir()) == []
