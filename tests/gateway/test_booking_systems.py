"""A department says that its booking system has changes: by its credential, for its own systems, and often."""

from datetime import timedelta

import httpx
import pytest

from auth.credentials import issue
from gateway.http.booking_systems import booking_system_routes
from gateway.http.routes import other_routes
from services_catalog.tables import Department
from tests.appointments.conftest import bare_hall, clinic
from tests.appointments.hall import TEN
from tests.appointments.hospital import Clinic

__all__ = ("bare_hall", "clinic")


async def test_who_pushes_is_asked_by_the_next_round(clinic: Clinic) -> None:
    hall = clinic.hall
    async with hall.database.session() as session:
        session.add(Department(name="others", title_zh="别的", title_en="Others", created_at=TEN))
        await session.flush()
        own, other = await issue(session, hall.clock, "civil"), await issue(session, hall.clock, "others")
    app = other_routes(booking_system_routes(hall.database, hall.clock))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # one ASGI application, two types of it
    await clinic.patient()
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:

        async def push(key: str, code: str = "hospital") -> int:
            path = f"/appointments/systems/{code}/changes"
            return (await client.post(path, headers={"authorization": f"Bearer {key}"})).status_code

        assert [await push(other), await push("none"), await push(own, "x")] == [404, 401, 404]
        await clinic.poll(timedelta(seconds=1))
        assert await clinic.slots() == [(3, 0, "open")]
        assert [await push(own) for _ in range(3)] == [202] * 3
    await clinic.poll(timedelta(0))
    assert await clinic.slots() == [(2, 0, "open")]


@pytest.mark.parametrize("code", ["%00", "%E4%BD%A0", "a" * 300])
async def test_a_code_that_is_none_is_unknown(clinic: Clinic, code: str) -> None:
    hall = clinic.hall
    async with hall.database.session() as session:
        own = await issue(session, hall.clock, "civil")
    app = other_routes(booking_system_routes(hall.database, hall.clock))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # as above
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        answer = await client.post(f"/appointments/systems/{code}/changes", headers={"authorization": f"Bearer {own}"})
    assert answer.status_code in (400, 404)
