"""Settings come from the environment, errors name the variable, the reference page is current."""

import logging
from pathlib import Path

import pytest

from kernel.settings import Settings, SettingsError, load, state_path


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Settings()


def test_values_are_converted_to_their_types() -> None:
    settings = load({"YIWANG_DATABASE_POOL_SIZE": "3", "YIWANG_REDIS_TIMEOUT_SECONDS": "0.5"})
    assert (settings.database_pool_size, settings.redis_timeout_seconds) == (3, 0.5)


@pytest.mark.parametrize("value", ["many", "0", "", "1.5"])
def test_a_value_that_cannot_be_used_names_its_variable(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^YIWANG_DATABASE_POOL_SIZE: "):
        load({"YIWANG_DATABASE_POOL_SIZE": value})


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/8, intranet"])
def test_a_network_that_is_none_names_the_variable(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^YIWANG_UPSTREAM_NETWORKS: .*(10\.0\.0\.1/8|intranet)"):
        load({"YIWANG_UPSTREAM_NETWORKS": value})


def test_a_misspelt_variable_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load({"YIWANG_DATABSE_URL": "x"})
        load({"YIWANG_TOKEN": "x"})
    assert "YIWANG_DATABSE_URL is ignored; did you mean YIWANG_DATABASE_URL?" in caplog.text
    assert "YIWANG_TOKEN" not in caplog.text


def test_secrets_do_not_show() -> None:
    assert "hunter2" not in repr(Settings(database_url="postgresql://u:hunter2@h/d"))
    assert "log_level='INFO'" in repr(Settings())


def test_state_lies_in_the_nearest_parent_that_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert state_path(Settings()) == tmp_path / "a" / "b" / ".yiwang"
    (tmp_path / ".yiwang").mkdir()
    assert state_path(Settings()) == tmp_path / ".yiwang"
    assert state_path(Settings(state_dir="/elsewhere")) == Path("/elsewhere")
