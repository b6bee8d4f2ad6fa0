"""A city whose residents sign in by simulated host apps."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from adapters.sandbox.development import SMS_KEY
from auth.consents.purposes import Purpose, Wording
from auth.issuer import issuer
from kernel.http_server.request import Direct
from kernel.settings import Settings
from tests.gateway.conftest import City, get
from tests.gateway.residents.car_park import CarPark
from tests.gateway.residents.hosts import Phones, served_sandbox, with_identity
from tests.gateway.test_identity import TEXT, YES, Asked
from tests.served import served

PATHS = {"/file": get(TEXT, operationId="file"), "/records": get(TEXT, operationId="records")}
OPERATIONS = {"records": {"access": {"level": "L1", "consent": "health-records", "purpose": "treatment"}}}

PURPOSE = Purpose(
    id="health-records",
    version=1,
    title=Wording("健康档案", "Health records"),
    text=Wording("用于就诊。", "For your treatment."),
    fields=("records",),
    legal_basis="consent",
    retention=timedelta(days=365),
    sensitivity="sensitive",
)
NOTICE = replace(PURPOSE, id="vaccination-register", legal_basis="statutory_duty")


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Phones]:
    async with served_sandbox(tmp_path) as phones:
        yield phones


@pytest.fixture
def city_settings(settings: Settings, phones: Phones, tmp_path: Path) -> Settings:
    """The settings of a gateway that knows the sandbox's host apps, SMS gateway and identity service."""
    purposes = tmp_path / "purposes.json"
    purposes.write_bytes(msgspec.json.encode([PURPOSE, NOTICE]))
    return msgspec.structs.replace(
        with_identity(settings, phones),
        upstream_networks=("127.0.0.0/8",),
        access_log=False,
        issuer="https://id.example",
        host_apps_file=str(tmp_path / "host-apps.json"),
        purposes_file=str(purposes),
        sms_url=f"{phones.origin}/web/sms",
        sms_key=f"{SMS_KEY.id}:{SMS_KEY.secret.decode()}",
    )


@pytest.fixture
async def health(city: City) -> Asked:
    """A service whose ``records`` take consent."""
    asked = Asked(city, await city.department(lambda _: [YES]))
    await city.publish("health", PATHS, asked.department, access="L1", operations=OPERATIONS)
    return asked


@pytest.fixture
async def client(city: City) -> AsyncIterator[httpx.AsyncClient]:
    """Browsers' way to the city."""
    transport = httpx.ASGITransport(city.gateway)
    async with httpx.AsyncClient(transport=transport, base_url=issuer(city.settings)) as opened:
        yield opened


@pytest.fixture
async def park(city: City, redis: Redis) -> CarPark:
    return await CarPark(city, redis).open()


@pytest.fixture
async def origin(city: City) -> AsyncIterator[str]:
    """The address of the city's gateway behind its own server."""
    direct = {path: Direct(handler, 2**20) for path, handler in city.gateway.direct.items()}
    async with served(city.gateway, direct) as address:
        yield address
