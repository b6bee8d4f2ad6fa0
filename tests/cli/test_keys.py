"""``yiwang keys`` as an operator meets it."""

import asyncio
import stat
import time
from base64 import b64encode
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from auth.keys import key_ring
from cli.main import yiwang
from kernel.clock import SystemClock
from kernel.crypto.errors import KeyFileError
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.published_keys import PublishedKeys
from kernel.settings import Settings
from tests.cli.operator import Operator

SECRET, OTHER = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "yiwang-keys.json"


def keys(path: Path, *arguments: str, secret: str = SECRET, typed: str = "") -> Result:
    environment = {"YIWANG_KEY_FILE": str(path), "YIWANG_KEY_ENCRYPTION_KEY": secret}
    return CliRunner(env=environment).invoke(yiwang, ["keys", *arguments], input=typed)


def test_a_file_is_made_once_and_lists_no_secret(path: Path) -> None:
    made = keys(path, "create", "--suite", "gm")
    assert (made.exit_code, made.stderr) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = keys(path, "create")
    assert isinstance(again.exception, KeyFileError)
    listed = keys(path, "list").stdout
    assert [line.split()[1:4] for line in listed.splitlines()] == [["data", "key", "gm"], ["index", "key", "gm"]]
    assert SECRET not in made.output + listed + path.read_text()


def test_a_file_that_holds_its_own_secret_is_made_with_a_warning(path: Path) -> None:
    made = keys(path, "create", secret="")
    assert "YIWANG_KEY_ENCRYPTION_KEY is not set" in made.stderr
    assert keys(path, "rewrap").output == "2 keys are wrapped with YIWANG_KEY_ENCRYPTION_KEY.\n"
    assert keys(path, "new-data-key").exit_code == 0


def test_the_old_secret_is_asked_for_and_not_shown(path: Path) -> None:
    keys(path, "create")
    done = keys(path, "rewrap", "--ask-old", secret=OTHER, typed=f"{SECRET}\n")
    assert done.exit_code == 0, done.output
    assert SECRET not in done.output
    assert isinstance(keys(path, "new-data-key").exception, KeyFileError)
    assert keys(path, "new-data-key", secret=OTHER).exit_code == 0


def test_a_new_data_key_says_what_comes_next(path: Path) -> None:
    keys(path, "create")
    said = keys(path, "new-data-key").output
    assert "(intl)" in said
    assert "yiwang keys reseal" in said
    notes = [line.rpartition("UTC")[2].strip() for line in keys(path, "list").stdout.splitlines()]
    assert notes == ["seals", "opens only", ""]


@pytest.mark.parametrize("command", ["list", "new-data-key", "rewrap"])
def test_without_a_file_each_says_how_to_get_one(path: Path, command: str) -> None:
    failed = keys(path, command)
    assert isinstance(failed.exception, KeyFileError)
    assert "yiwang keys create" in str(failed.exception)
    assert list(path.parent.iterdir()) == []


@pytest.mark.case("SSO-29")
async def test_signing_keys_are_rotated_while_a_gateway_runs(
    operator: Operator, settings: Settings, database: Database, redis: Redis
) -> None:
    published = PublishedKeys(key_ring.SIGNING_KEYS, database, redis, open_keys(settings).cipher, SystemClock())
    await published.start()
    try:
        before = {each["kid"] for each in published.newest.jwks(SystemClock().now())["keys"]}
        made = {line.split()[0] for line in (await operator.done("keys", "rotate")).splitlines()}
        assert len(before) == len(made) == 2
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and published.newest.verifier(min(made), SystemClock().now()) is None:
            await asyncio.sleep(0.02)
        assert {each["kid"] for each in published.newest.jwks(SystemClock().now())["keys"]} == before | made
    finally:
        await published.close()
    listed = {line.split()[0]: line for line in (await operator.done("keys", "list")).splitlines()}
    assert all("UTC  signs, published until" in listed[kid] for kid in before)
    assert all("UTC  signs from" in listed[kid] for kid in made)


async def test_a_new_deployments_first_rotation_leaves_a_key_that_signs_now(
    operator: Operator, settings: Settings, database: Database
) -> None:
    await operator.done("keys", "rotate")
    async with database.session() as session:
        ring = await key_ring.load(session, open_keys(settings).cipher, SystemClock())
    assert ring.signer("RS256", SystemClock().now())
    assert ring.signer("ES256", SystemClock().now())
