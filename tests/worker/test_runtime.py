"""The thread that tasks run on ends with its worker, also with one that cannot start."""

import threading

import pytest
from sqlalchemy.exc import ArgumentError

from kernel.settings import Settings
from worker.runtime import LoopThread


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "tasks"]


def test_what_cannot_open_leaves_no_thread() -> None:
    with pytest.raises(ArgumentError), LoopThread(Settings(database_url="nonsense")):
        pytest.fail("it cannot open")
    assert _threads() == []


def test_the_thread_ends_with_the_block(server_settings: Settings) -> None:
    with LoopThread(server_settings) as running:
        assert running.context.database is not None
        assert _threads() == ["tasks"]
    assert _threads() == []
