"""The supervisor with real processes: restarts, the last words of the dead, order at the end, death of the parent."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cli.supervisor import Supervisor, Unit, program, trim
from kernel.embedded.process import tail
from tests.programs import runs

REPOSITORY = Path(__file__).parents[2]


def _unit(name: str, code: str, folder: Path) -> Unit:
    return program(name, [sys.executable, "-u", "-c", textwrap.dedent(code)], os.environ, folder / f"{name}.log")


def _shows(log: Path, text: str) -> bool:
    return text in log.read_text()


async def _until(log: Path, text: str) -> None:
    async with asyncio.timeout(60):
        while not _shows(log, text):
            await asyncio.sleep(0.02)


async def test_what_dies_is_reported_with_its_last_words_and_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    unit = _unit("clerk", "import os, time; print('born', os.getpid()); time.sleep(600)", tmp_path)
    supervisor = Supervisor(said.append)
    supervisor.add([unit])
    await _until(unit.log, "born")
    assert unit.process is not None
    first = unit.process.pid
    unit.process.kill()
    await _until(unit.log, "born " + str(await _next_pid(unit, first)))
    await supervisor.stop()
    (report,) = said
    assert "clerk ended (signal SIGKILL); it starts again in 0.5 s" in report
    assert f"born {first}" in report
    assert unit.process is not None
    assert not runs(unit.process.pid)


async def _next_pid(unit: Unit, before: int) -> int:
    async with asyncio.timeout(60):
        while unit.process is None or unit.process.pid == before:
            await asyncio.sleep(0.02)
    return unit.process.pid


async def test_pauses_grow_and_each_report_has_the_lines_of_its_own_process(tmp_path: Path) -> None:
    said: list[str] = []
    unit = _unit("clerk", "import os; print('failed', os.getpid()); raise SystemExit(3)", tmp_path)
    supervisor = Supervisor(said.append)
    supervisor.add([unit])
    async with asyncio.timeout(60):
        while len(said) < 3:
            await asyncio.sleep(0.02)
    await supervisor.stop()
    for report, pause in zip(said, ("0.5 s", "1.0 s", "2.0 s"), strict=False):
        assert f"clerk ended (exit status 3); it starts again in {pause}" in report
        assert report.count("failed") == 1


async def test_the_last_added_ends_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.touch()
    code = """
        import signal, sys, time
        def end(*_):
            with open({order!r}, "a") as file: file.write({name!r})
            sys.exit()
        signal.signal(signal.SIGTERM, end); print("ready"); time.sleep(600)
    """
    units = [_unit(name, code.format(order=str(order), name=name), tmp_path) for name in "abc"]
    supervisor = Supervisor(pytest.fail)
    for unit in units:
        supervisor.add([unit])
    for unit in units:
        await _until(unit.log, "ready")
    await supervisor.stop()
    assert order.read_text() == "cba"


async def test_a_removed_log_costs_its_lines_only(tmp_path: Path) -> None:
    said: list[str] = []
    unit = _unit("clerk", "import os, time; print('born', os.getpid()); time.sleep(600)", tmp_path)
    supervisor = Supervisor(said.append)
    supervisor.add([unit])
    await _until(unit.log, "born")
    assert unit.process is not None
    first = unit.process.pid
    unit.log.unlink()
    unit.process.kill()
    assert await _next_pid(unit, first) != first
    await supervisor.stop()
    assert said == ["clerk ended (signal SIGKILL); it starts again in 0.5 s."]


def test_a_long_log_begins_anew_and_its_process_goes_on(tmp_path: Path) -> None:
    unit = _unit("clerk", "import sys\nfor line in iter(input, 'end'): print(line * 1000)", tmp_path)
    unit.log.write_bytes(b"x" * 1000)
    unit.log_start = 500
    with unit.log.open("ab") as output:  # as its process has it
        trim(unit, most=1000)
        assert unit.log.stat().st_size == 1000
        trim(unit, most=999)
        output.write(b"later")
    assert unit.log.read_bytes() == b"later"
    assert (tmp_path / "clerk.log.1").read_bytes() == b"x" * 1000
    assert unit.log_start == 0


def test_the_end_of_a_log_is_read_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_bytes(b"first\n" + b"line\n" * 100_000 + b"last\n")
    assert tail(log) == "line\n" * 11 + "last"
    assert tail(log, log.stat().st_size - 5) == "last"
    assert tail(log, 10**9).endswith("last")


PARENT = """
import asyncio, os, sys
from pathlib import Path
from cli.supervisor import Supervisor, program
async def main():
    unit = program("clerk", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ, Path(sys.argv[1]))
    Supervisor(print).add([unit])
    print(unit.process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "clerk.log")]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as parent:  # noqa: S603 - ourselves
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert runs(child)
        parent.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while runs(child) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert not runs(child)
