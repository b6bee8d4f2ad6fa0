"""Stays as the host apps that charge for them know them: told at entry, at the latest before a charge.

What a host answers is kept: its own number of the stay, and whether it will take the fee. While it will not, the exit
asks for payment as if there were no mandate.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.dialects import postgresql

from adapters.errors import NotOfferedError, OrderRefusedError
from adapters.parking import Entered, ParkingProduct, Plate, PlateColor, Stay
from flows.parking.credentials import plate_in
from flows.parking.finding import session_of
from flows.parking.gathering import Deps
from flows.parking.mandates import mandate_for, vehicle_of
from flows.parking.ownership import color_said
from flows.parking.session_tables import ParkingHostStay, ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLot, ParkingTariff
from flows.parking.tariff_data import read_tariff

_log = logging.getLogger(__name__)


class Products(Struct, frozen=True):
    """What charges for stays, by app id; ``callbacks`` is the public address of this platform."""

    by_app: Mapping[str, ParkingProduct]
    callbacks: str

    def notify_url(self, app_id: str) -> str:
        """Return where an app's parking product calls."""
        return f"{self.callbacks}/callbacks/parking/{app_id}"


async def announce(deps: Deps, products: Products, session_id: UUID, color: str) -> None:
    """Tell the host whose mandate would pay for a stay, unless it has ended meanwhile: then it is told if charged."""
    row = await session_of(deps.session, session_id)
    mandate = await mandate_for(deps.session, row.id, row.credential, 0)
    if mandate is not None and row.left_at is None:
        await told(deps, products, row, mandate.app_id, color)


async def told(deps: Deps, products: Products, row: ParkingSession, app_id: str, color: str) -> tuple[Stay, bool]:
    """Return a stay as a host knows it, told now if it was not yet, and whether it can be charged.

    No lock is held while the host answers. Raises whatever says that the same is to be told again.
    """
    known = await deps.session.get(ParkingHostStay, (row.id, app_id))
    stay = await _stay(deps, row, app_id, color, known)
    if known is None:
        announced = msgspec.structs.replace(stay, notify_url=products.notify_url(app_id))
        entered = await _announced(products.by_app.get(app_id), announced)
        values = {
            "session_id": row.id,
            "app_id": app_id,
            "reference": entered.reference,
            "service": entered.service,
            "color": stay.plate.color,
            "entered_at": stay.entered_at,
            "changed_at": deps.clock.now(),
        }
        await deps.session.exec(postgresql.insert(ParkingHostStay).values(values).on_conflict_do_nothing())
        stay = msgspec.structs.replace(stay, reference=entered.reference)
    return stay, bool(stay.reference)


async def _announced(product: ParkingProduct | None, stay: Stay) -> Entered:
    """Tell a host; one that has no such product, or refuses the stay, will not charge for it."""
    if product is None:
        return Entered("", "none")
    try:
        return await product.announce_entry(stay)
    except (NotOfferedError, OrderRefusedError) as error:
        _log.warning("a host cannot charge for a stay", extra={"stay": stay.number, "reason": error.message})
        return Entered("", "none")


async def _stay(deps: Deps, row: ParkingSession, app_id: str, color: str, known: ParkingHostStay | None) -> Stay:
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    tariff = await deps.session.get(ParkingTariff, row.tariff_id) if row.tariff_id else None
    plate = plate_in(deps.keys.cipher.open(TEXT, row.id, row.credential_text))
    entered_at = known.entered_at if known else row.entered_at
    if plate is None or entered_at is None:
        raise OrderRefusedError("The session has no plate, or no entry", fix="Let the resident pay by themselves.")
    return Stay(
        number=row.id.hex,
        plate=Plate(plate, known.color if known else await _color(deps, row, color)),
        lot=lot.host_ids.get(app_id, ""),
        lot_name=lot.name_zh,
        entered_at=entered_at,
        free=timedelta(minutes=read_tariff(tariff.data).free.minutes if tariff else 0),
        reference=known.reference if known else "",
    )


async def _color(deps: Deps, row: ParkingSession, seen: str) -> PlateColor:
    """Return a plate's colour as the camera saw it, or else as whoever pays for it says."""
    if not seen:
        mandate = await mandate_for(deps.session, row.id, row.credential, 0)
        vehicle = vehicle_of(mandate.about) if mandate else None
        seen = await color_said(deps, mandate.account_id, vehicle) if mandate and vehicle else ""
    return plate_color(seen)


def plate_color(word: str) -> PlateColor:
    """Return a colour of ours as hosts' parking products take it; empty is unknown."""
    return msgspec.convert(word or "unknown", PlateColor)  # type: ignore[no-any-return]  # a literal is no class
