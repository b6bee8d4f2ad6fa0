"""The stickers of ``yiwang run``'s examples: registered at the first start, and the same ones at every other."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.who import record
from flows.codes import places
from flows.codes.place_tables import StaticCode
from kernel.clock import SystemClock
from kernel.crypto.fields import FieldCipher

_CLOCK = SystemClock()


async def sticker(session: AsyncSession, cipher: FieldCipher, place: StaticCode) -> StaticCode:
    """Return the active sticker of a place's reference; the place is registered if there is none."""
    query = select(StaticCode).where(StaticCode.reference == place.reference, StaticCode.status == "active")
    if (known := (await session.exec(query)).first()) is not None:
        return known
    row = await places.register(session, _CLOCK, cipher, place)
    await record(session, _CLOCK, "place_code.registered", f"place_code:{row.short_code}", kind=row.kind)
    return row
