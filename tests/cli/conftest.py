"""The operator, on servers of the test's own."""

import pytest

from kernel.clock import ManualClock, SystemClock
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from services_catalog.tables import ServiceVersion
from services_catalog.versions import standing, store
from supergraph.slice import Binding, Operation, Slice, digest, encode
from tests.auth.residents import Residents
from tests.cli.operator import Operator


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


@pytest.fixture
def clock() -> ManualClock:
    """Commands have the machine's time, so what a test makes for them is of now."""
    return ManualClock(SystemClock().now())


@pytest.fixture
async def residents(database: Database, clock: ManualClock) -> Residents:
    made = Residents(database, clock)
    await made.clients()
    return made


@pytest.fixture
async def library(database: Database) -> None:
    """A live service that has one operation, `borrow`."""
    binding = Binding(method="GET", path="/", answers=())
    borrow = Operation(name="borrow", kind="query", type="Int", binding=binding)
    data = encode(Slice(service="library", types={}, operations=(borrow,)))
    version = ServiceVersion(
        service="library",
        manifest={},
        bundle=b"",
        slice=data,
        sdl=b"",
        digest=digest(data),
        operations=1,
        typed=1,
        findings=[],
        created_at=SystemClock().now(),
        created_by="test",
    )
    async with database.session() as session:
        await add_department(session, SystemClock(), "city", Text(zh="市", en="City"))
        stood = await standing(session, "city", "library")
        await store(session, SystemClock(), "city", version, stood, seal=lambda _: None)
