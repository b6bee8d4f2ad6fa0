"""What is live, for people: one line a service."""

from datetime import datetime

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.tables import Service, ServiceVersion


class Listed(Struct, frozen=True):
    """One live service."""

    name: str
    department: str
    version: int
    operations: int
    live_since: datetime | None


async def live_services(session: AsyncSession) -> list[Listed]:
    """Return every live service, by name."""
    live = (col(ServiceVersion.service) == col(Service.name)) & (
        col(ServiceVersion.number) == col(Service.live_version)
    )
    query = select(Service, col(ServiceVersion.number), col(ServiceVersion.operations)).join(ServiceVersion, live)
    rows = await session.exec(query.order_by(col(Service.name)))
    return [
        Listed(service.name, service.department, number, operations, service.live_since)
        for service, number, operations in rows
    ]
