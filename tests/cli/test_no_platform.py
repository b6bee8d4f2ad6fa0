"""In a folder without a platform, commands that look after one say so, and begin none."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import yiwang
from kernel.ids import uuid7
from kernel.settings import Settings, variable

PERSON = "王秀英\n110101195003071227"
LOOKING_AFTER = (
    ["client", "list"],
    ["client", "suspend", "housing-site"],
    ["department", "add", "parks", "--title-zh", "公园", "--title-en", "Parks"],
    ["account", "show", str(uuid7())],
    ["mandate", "list", str(uuid7())],
    [
        *("mandate", "grant", "child", "--for", "-", "--agent", str(uuid7()), "--evidence", "court-order"),
        *("--reference", "1", "--scope", "library", "--purpose", "books", "--days", "1"),
    ],
    ["phone", "recycled", "--as-of", "2026-01-01"],
    ["outbox"],
    ["keys", "rotate"],
    ["keys", "reseal"],
    ["audit", "show"],
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _typed(words: list[str], **environ: str) -> Result:
    nothing: dict[str, str | None] = {
        variable(name): None for name in ("database_url", "redis_url", "state_dir", "key_file")
    }
    return CliRunner(env=nothing | environ).invoke(yiwang, words, input=PERSON)


@pytest.mark.parametrize("words", LOOKING_AFTER, ids=lambda words: " ".join(words[:2]))
def test_the_folder_is_named_with_what_to_do(folder: Path, words: list[str]) -> None:
    result = _typed(words)
    assert (result.exit_code, list(folder.iterdir())) == (1, [])
    assert f"there is no platform in {folder}" in result.output
    assert "Run this in the folder of `make run`, or set YIWANG_DATABASE_URL" in result.output


def test_a_named_database_needs_no_folder(folder: Path, settings: Settings) -> None:
    environ = {"YIWANG_DATABASE_URL": settings.database_url}
    assert _typed(["client", "list"], **environ).exit_code == 0
    without_redis = _typed(["account", "freeze", str(uuid7())], **environ)
    assert "set YIWANG_REDIS_URL to reach another" in without_redis.output
    assert list(folder.iterdir()) == []
