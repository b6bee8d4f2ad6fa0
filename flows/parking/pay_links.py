"""Where a driver pays who stands at an exit: the place code of its gate or, without one, of the lot."""

from msgspec import Struct
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes import place_codes
from flows.codes.place_codes import PlaceCode
from flows.codes.places import mac_keys
from kernel.crypto.fields import FieldCipher

_OF_LANE = text(
    """
    SELECT c.object_id, c.kind, c.kid, c.short_code FROM parking_lane l
    JOIN static_code c ON c.reference IN ('gate:' || l.id, 'lot:' || l.lot_id) AND c.status = 'active'
    WHERE l.device_id = :device AND l.name = :lane AND l.closed_at IS NULL
    ORDER BY c.kind = 'gate' DESC LIMIT 1
    """
)


class PayLink(Struct, frozen=True):
    """What is shown to the driver: a link to scan, and the short code that is printed at the place."""

    url: str
    short_code: str


async def pay_link(session: AsyncSession, cipher: FieldCipher, base: str, device_id: str, lane: str) -> PayLink | None:
    """Return the link of a device's lane; None where no place code hangs."""
    asked = {"device": device_id, "lane": lane}
    row = (await (await session.connection()).execute(_OF_LANE, asked)).one_or_none()
    if row is None:
        return None
    code = PlaceCode(row.kind, row.object_id, row.kid)
    keys = await mac_keys(session, cipher, row.kid)
    return PayLink(place_codes.payload(base, code, keys), row.short_code)
