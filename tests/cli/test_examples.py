"""The examples' credentials survive whatever happens between the database and the file that keeps them."""

from pathlib import Path

import pytest

from auth.credentials import authenticate, revoke
from cli import examples
from kernel.clock import SystemClock
from kernel.database import Database


@pytest.fixture
def example() -> examples.Example:
    return examples.all_examples()[0]


async def _is_good(database: Database, token: str) -> bool:
    async with database.session() as session:
        return bool(await authenticate(session, SystemClock(), f"Bearer {token}"))


async def test_a_credential_is_kept(database: Database, tmp_path: Path, example: examples.Example) -> None:
    token = await examples.credential(database, tmp_path, example.manifest)
    assert await _is_good(database, token)
    assert await examples.credential(database, tmp_path, example.manifest) == token
    (kept,) = (tmp_path / "tokens").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", ["", "yw_000000000000_" + "x" * 43])
async def test_what_the_database_does_not_know_is_replaced(
    database: Database, tmp_path: Path, example: examples.Example, kept: str
) -> None:
    await examples.credential(database, tmp_path, example.manifest)
    file = tmp_path / "tokens" / example.manifest.department
    file.write_text(kept)
    token = await examples.credential(database, tmp_path, example.manifest)
    assert file.read_text() == token
    assert await _is_good(database, token)


async def test_a_revoked_one_is_replaced(database: Database, tmp_path: Path, example: examples.Example) -> None:
    token = await examples.credential(database, tmp_path, example.manifest)
    async with database.session() as session:
        await revoke(session, SystemClock(), token.split("_")[1])
    assert await examples.credential(database, tmp_path, example.manifest) != token


async def test_nothing_is_kept_of_what_was_not_committed(
    database: Database, tmp_path: Path, example: examples.Example
) -> None:

    await database.pool.execute(
        "CREATE FUNCTION fail() RETURNS trigger AS $$ BEGIN RAISE 'lost'; END $$ LANGUAGE plpgsql"
    )
    await database.pool.execute(
        "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON department_credential "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
    )
    with pytest.raises(Exception, match="lost"):
        await examples.credential(database, tmp_path, example.manifest)
    assert not (tmp_path / "tokens").exists()


def test_an_example_moves_to_another_port(tmp_path: Path, example: examples.Example) -> None:
    moved = examples.moved(example, 4711, tmp_path)
    assert moved.port == 4711
    assert moved.manifest_file.with_name(moved.manifest.document).is_file()
