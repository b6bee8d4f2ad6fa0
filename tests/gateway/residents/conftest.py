"""A city whose residents sign in by simulated host apps."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from adapters.sandbox.hosts import IDENTITY_KEY, SMS_KEY
from kernel.settings import Settings
from tests.gateway.residents.hosts import Phones, served_sandbox


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    async with served_sandbox(tmp_path) as phones:
        yield phones


@pytest.fixture
def city_settings(settings: Settings, phones: Phones, tmp_path: Path) -> Settings:
    """The settings of a gateway that knows the sandbox's host apps, SMS gateway and identity service."""
    return msgspec.structs.replace(
        settings,
        upstream_networks=("127.0.0.0/8",),
        access_log=False,
        host_apps_file=str(tmp_path / "host-apps.json"),
        sms_url=f"{phones.origin}/web/sms",
        sms_key=f"{SMS_KEY.id}:{SMS_KEY.secret.decode()}",
        identity_url=f"{phones.origin}/identity",
        identity_key=f"{IDENTITY_KEY.id}:{IDENTITY_KEY.secret.decode()}",
    )
