"""A department's credential opens its door, and only while it is not revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from auth.credentials import authenticate, credentials_of, issue, revoke
from auth.errors import CredentialRefusedError
from auth.tables import DepartmentCredential
from kernel.clock import ManualClock
from kernel.database import Database
from services_catalog.departments import add_department
from services_catalog.manifest import Text


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.fixture
async def token(database: Database, clock: ManualClock) -> str:
    async with database.session() as session:
        await add_department(session, clock, "parking-bureau", Text(zh="停车局", en="Parking"))
        return await issue(session, clock, "parking-bureau")


async def used_by(database: Database, clock: ManualClock, authorization: str) -> str:
    async with database.session() as session:
        return (await authenticate(session, clock, authorization)).department


async def test_a_token_speaks_for_its_department(database: Database, clock: ManualClock, token: str) -> None:
    assert await used_by(database, clock, f"Bearer {token}") == "parking-bureau"
    assert await used_by(database, clock, f"bearer  {token}") == "parking-bureau"


async def test_the_secret_is_nowhere_stored(database: Database, token: str) -> None:
    secret = token.split("_", 2)[2]
    row = await database.pool.fetchrow("SELECT * FROM department_credential")
    assert all(secret not in str(value) and secret.encode() not in bytes(str(value), "utf-8") for value in row.values())
    assert len(row["secret_digest"]) == 32


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:0],
        lambda token: token,
        lambda token: f"Basic {token}",
        lambda token: f"Bearer {token}x",
        lambda token: f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        lambda token: f"Bearer yw_000000000000_{token.split('_', 2)[2]}",
        lambda token: f"Bearer {token.upper()}",
    ],
)
async def test_anything_else_is_refused(database: Database, clock: ManualClock, token: str, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(CredentialRefusedError):
        await used_by(database, clock, spoil(token))


async def test_a_revoked_credential_is_worthless(database: Database, clock: ManualClock, token: str) -> None:
    async with database.session() as session:
        assert await revoke(session, clock, token.split("_")[1]) is not None
        assert await revoke(session, clock, "000000000000") is None
    with pytest.raises(CredentialRefusedError):
        await used_by(database, clock, f"Bearer {token}")


async def test_the_last_use_is_noted_but_not_every_time(database: Database, clock: ManualClock, token: str) -> None:
    first = clock.now()
    for _ in range(3):
        await used_by(database, clock, f"Bearer {token}")
        clock.advance(timedelta(seconds=25))
    async with database.session() as session:
        (credential,) = await credentials_of(session, "parking-bureau")
        assert credential.last_used_at == first
    await used_by(database, clock, f"Bearer {token}")
    async with database.session() as session:
        later = (await session.exec(select(DepartmentCredential))).one()
        assert later.last_used_at == first + timedelta(seconds=75)
