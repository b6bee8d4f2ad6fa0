"""The thread that tasks run on ends with its worker, also with one that cannot start."""

import threading
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.exc import ArgumentError

from adapters.apps import OpenApps
from adapters.sandbox.development import APPS, development_apps
from kernel.settings import Settings
from worker.runtime import LoopThread


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "tasks"]


def test_what_cannot_open_leaves_no_thread() -> None:
    with pytest.raises(ArgumentError), LoopThread(Settings(database_url="nonsense")):
        pytest.fail("it cannot open")
    assert _threads() == []


def test_tasks_find_the_host_apps_and_nothing_that_was_not_opened(server_settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "host-apps.json"
    file.write_bytes(development_apps("http://127.0.0.1:1"))
    with LoopThread(msgspec.structs.replace(server_settings, host_apps_file=str(file))) as running:
        assert running.context.opened(OpenApps).channels.keys() == set(APPS.values())
        with pytest.raises(LookupError, match="opened no str"):
            running.context.opened(str)


def test_the_thread_ends_with_the_block(server_settings: Settings) -> None:
    with LoopThread(server_settings) as running:
        assert running.context.database is not None
        assert _threads() == ["tasks"]
    assert _threads() == []
