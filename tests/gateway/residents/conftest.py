"""A city whose residents sign in by simulated host apps."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.residents.hosts import Phones, served_sandbox


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    async with served_sandbox(tmp_path) as phones:
        yield phones


@pytest.fixture
def host_apps_file(phones: Phones, tmp_path: Path) -> str:
    return str(tmp_path / "host-apps.json")
