"""A session by its id, also by one that it had before a late event joined it to another; bays by id or number."""

from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.errors import UnknownSessionError
from flows.parking.session_tables import ParkingSession

IS_INSIDE = text("parking_is_inside(parking_session) = 1")
"""Whose vehicle is taken to be in the lot, as occupancy counts it."""


async def session_of(session: AsyncSession, session_id: UUID) -> ParkingSession:
    """Return the session that counts, as it is now. Raises UnknownSessionError."""
    row = await session.get(ParkingSession, session_id, populate_existing=True)
    while row is not None and row.superseded_by is not None:
        row = await session.get(ParkingSession, row.superseded_by, populate_existing=True)
    if row is None:
        raise UnknownSessionError("There is no such parking session", fix="Compare its id.")
    return row


async def bays_of(connection: "asyncpg.Connection[asyncpg.Record]", lot_id: UUID) -> dict[str, UUID]:
    """Return the bays of a lot that are in use, by id and by number."""
    rows = await connection.fetch("SELECT id, number FROM parking_bay WHERE lot_id = $1 AND closed_at IS NULL", lot_id)
    ids = {row["number"]: UUID(int=row["id"].int) for row in rows}
    return {str(bay): bay for bay in ids.values()} | ids
