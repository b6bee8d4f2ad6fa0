"""``yiwang audit``: what an operator types, what comes back, and the exit code that a timer's alarm hangs on."""

import asyncio
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cli.main import yiwang
from cli.who import operator
from kernel.audit.anchors import keep, signed
from kernel.audit.entries import Event, append
from kernel.audit.errors import AnchorFileError
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.settings import Settings
from tests.kernel.audit.chains import START, anchor_now, fill, meddling, rewrite_from


class Operator:
    """Runs ``yiwang audit`` in a shell of its own."""

    def __init__(self, settings: Settings) -> None:
        self.environment = {"YIWANG_DATABASE_URL": settings.database_url, "YIWANG_REDIS_URL": settings.redis_url}

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=self.environment).invoke, yiwang, ["audit", *arguments])

    async def sees(self, *arguments: str) -> list[str]:
        result = await self.run(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout.splitlines()


@pytest.fixture
async def shell(database: Database, settings: Settings) -> Operator:
    await fill(database, 12)
    return Operator(settings)


async def test_a_whole_log_is_said_to_be_whole(shell: Operator, database: Database, tmp_path: Path) -> None:
    result = await shell.run("verify")
    assert (result.exit_code, result.stdout) == (
        0,
        "The audit log is whole: 12 entries from 1 on, 0 anchors, the newest of entry 0.\n",
    )
    assert "No file of anchors is given" in result.stderr
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    for seq in (5, 9):
        keep(tmp_path / "anchors.jsonl", signed(await anchor_now(database, seq), key))
    shell.environment["YIWANG_AUDIT_ANCHOR_FILE"] = str(tmp_path / "anchors.jsonl")
    result = await shell.run("verify", "--key", str(tmp_path / "public.pem"), "--from", "6")
    assert "7 entries from 6 on, 2 anchors, the newest of entry 9" in result.stdout
    assert result.stderr == ""


async def test_a_beginning_beyond_the_log_s_end_is_a_mistake_and_no_alarm(shell: Operator) -> None:
    result = await shell.run("verify", "--from", "99")
    assert result.exit_code == 2
    assert "the log ends with entry 12" in result.stderr
    assert "0 entries from 13 on" in (await shell.run("verify", "--from", "13")).stdout


async def test_what_was_tampered_with_is_named_and_the_exit_code_is_1(
    shell: Operator, database: Database, tmp_path: Path
) -> None:
    keep(tmp_path / "one", await anchor_now(database, 4))
    keep(tmp_path / "other", await anchor_now(database, 11))
    async with meddling(database) as connection:
        await connection.execute("DELETE FROM audit_entry WHERE seq > 9")
        await rewrite_from(connection, 9)
        await connection.execute("UPDATE audit_entry SET actor = 'operator:nobody' WHERE seq = 6")
    result = await shell.run("verify", "--anchors", str(tmp_path / "one"), "--anchors", str(tmp_path / "other"))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "edited     entry 6: its content does not have its hash",
        "cut        entries 10 to 11: the tail is missing: 2 entries",
        "The audit log was tampered with (9 entries, 2 anchors, the newest of entry 11).",
    ]
    assert "No key is given" in result.stderr
    missing = await shell.run("verify", "--anchors", str(tmp_path / "missing"))
    assert isinstance(missing.exception, AnchorFileError)


async def test_the_head_noted_on_paper_is_an_anchor(shell: Operator, database: Database, tmp_path: Path) -> None:
    ((seq, hash_),) = [line.split() for line in await shell.sees("head")]
    (tmp_path / "paper").write_text(json.dumps({"seq": int(seq), "hash": hash_, "at": ""}) + "\n")
    assert (await shell.run("verify", "--anchors", str(tmp_path / "paper"))).exit_code == 0
    async with meddling(database) as connection:
        await connection.execute("UPDATE audit_entry SET acr = 'x' WHERE seq = 1")
        await rewrite_from(connection, 1)
    assert (await shell.run("verify")).exit_code == 0
    assert (await shell.run("verify", "--anchors", str(tmp_path / "paper"))).exit_code == 1


async def test_entries_are_chosen_by_actor_object_time_and_number(shell: Operator) -> None:
    lines = await shell.sees("show")
    assert [int(line.split()[0]) for line in lines] == list(range(1, 13))
    assert lines[1].split() == [
        *("2", "2026-11-25T12:00:02Z", "credential:2", "service.published", "service:s2"),
        *("forced=True,", "version=2,", "request", "r2"),
    ]
    since = (START + timedelta(seconds=10)).strftime("%Y-%m-%dT%H:%M:%S")
    for options, expected in {
        ("--actor", "credential:3"): [3, 10],
        ("--object", "service:s1"): [1, 6, 11],
        ("--object", "service:s1", "--actor", "credential:6"): [6],
        ("--object", "service:s1", "--limit", "2"): [6, 11],
        ("--since", since): [10, 11, 12],
        ("--actor", "credential:' OR true"): [],
    }.items():
        assert [int(line.split()[0]) for line in await shell.sees("show", *options)] == expected


async def test_the_program_of_the_documentation_finds_what_does_not_fit(shell: Operator, database: Database) -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    async def says() -> list[str]:
        lines = "\n".join(await shell.sees("show", "--json", "--limit", "1000000000"))
        command = [sys.executable, "-I", "-c", program]
        return subprocess.run(command, input=lines, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603, ASYNC221 - our own page's

    async with database.session() as session:
        event = Event(
            actor="operator:1", action="a.b", object="service:x", result="failed", on_behalf_of="department:d"
        )
        await append(session, SystemClock(), event)
    assert await says() == [f"{seq} fits" for seq in range(1, 14)]
    async with meddling(database) as connection:
        await connection.execute("UPDATE audit_entry SET acr = 'x' WHERE seq = 6")
    assert [line for line in await says() if "NOT" in line] == ["6 DOES NOT FIT"]
    shown = (await shell.sees("show", "--limit", "1"))[0]
    assert "operator:1  a.b  (failed)  service:x  for department:d" in shown


def test_the_operator_is_an_id_that_the_environment_does_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    first = operator()
    for variable in ("USER", "LOGNAME", "SUDO_USER", "SUDO_UID"):
        monkeypatch.setenv(variable, "somebody")
    assert operator() == first
    assert Event(actor=first, action="a.b", object="a:b").actor == first
    assert first.rpartition("/")[2].isdigit()
