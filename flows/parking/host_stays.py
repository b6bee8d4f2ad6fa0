"""Stays as the hosts' parking products know them: one row for each that was told of the entry.

What a host answers is kept: its own number of the stay, and whether it will take the fee. While it will not, the exit
asks for payment as if there were no mandate. What it was told is kept too, for a host takes no other plate or lot
afterwards.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.dialects import postgresql

from adapters.errors import NotOfferedError, OrderRefusedError
from adapters.parking import Entered, ParkingProduct, Plate, PlateColor, ProductKind, Stay
from flows.parking.credentials import plate_in
from flows.parking.gathering import Deps
from flows.parking.mandates import mandate_for
from flows.parking.messages import TELL_HOST, HostNamed, StayNamed
from flows.parking.ownership import color_said, owner_of
from flows.parking.session_tables import ParkingHostStay, ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLot, ParkingTariff
from flows.parking.tariff_data import read_tariff
from kernel.crypto.sealed_columns import row_id
from kernel.outbox import send

_PLATE = "parking_host_stay.plate"

_log = logging.getLogger(__name__)


class Products(Struct, frozen=True):
    """What is told of stays, by app id; ``callbacks`` is the public address of this platform."""

    by_app: Mapping[str, Sequence[ParkingProduct]]
    callbacks: str

    def of(self, app_id: str, kind: ProductKind) -> ParkingProduct | None:
        """Return an app's product of a kind."""
        return next((each for each in self.by_app.get(app_id, ()) if each.kind == kind), None)

    def notify_url(self, app_id: str) -> str:
        """Return where an app's parking product calls."""
        return f"{self.callbacks}/callbacks/parking/{app_id}"


class Hearer(NamedTuple):
    """One product of an app."""

    app_id: str
    kind: ProductKind


async def ensure_entered(
    deps: Deps, products: Products, row: ParkingSession, app_id: str, color: str
) -> tuple[Stay, bool]:
    """Have what is to charge for a stay know of it; return it as that knows it, and whether it can be charged.

    One that has not heard of the entry is told now, and of the exit afterwards. Raises whatever says that the same is
    to be told again.
    """
    hearer = Hearer(app_id, "charging")
    known = await known_stay(deps, row.id, hearer)
    if known is None:
        known = await enter(deps, products, row, hearer, color)
        send(deps.session, deps.clock, TELL_HOST, HostNamed(StayNamed(row.id, color), *hearer))
    stay = await stay_of(deps, row, known)
    return stay, bool(stay.reference) and stay.plate.number == plate_of(deps, row)


async def known_stay(deps: Deps, session_id: UUID, hearer: Hearer, *, locked: bool = False) -> ParkingHostStay | None:
    """Return what a product was told of a stay."""
    key = (session_id, *hearer)
    return await deps.session.get(ParkingHostStay, key, with_for_update=locked or None, populate_existing=True)


async def enter(deps: Deps, products: Products, row: ParkingSession, hearer: Hearer, color: str) -> ParkingHostStay:
    """Tell a product of an entry. No lock is held while the host answers, for two that tell it tell the same.

    Raises whatever says that the same is to be told again.
    """
    stay = await _new_stay(deps, row, hearer.app_id, color)
    announced = msgspec.structs.replace(stay, notify_url=products.notify_url(hearer.app_id))
    entered = await _announced(products.of(*hearer), announced)
    values = {
        "session_id": row.id,
        "app_id": hearer.app_id,
        "product": hearer.kind,
        "reference": entered.reference,
        "service": entered.service,
        "plate": deps.keys.cipher.seal(_PLATE, row_id(row.id, *hearer), stay.plate.number),
        "color": stay.plate.color,
        "lot": stay.lot,
        "entered_at": stay.entered_at,
        "paid": [],
        "changed_at": deps.clock.now(),
    }
    await deps.session.exec(postgresql.insert(ParkingHostStay).values(values).on_conflict_do_nothing())
    known = await known_stay(deps, row.id, hearer, locked=True)
    assert known is not None  # noqa: S101 - it was just written, by whomever
    return known


async def _announced(product: ParkingProduct | None, stay: Stay) -> Entered:
    """Tell a host; one that has no such product, or refuses the stay, will not charge for it, and hears no more."""
    if product is None:
        return Entered("", "none")
    try:
        return await product.announce_entry(stay)
    except (NotOfferedError, OrderRefusedError) as error:
        _log.warning("a host takes no stay", extra={"stay": stay.number, "reason": error.message})
        return Entered("", "none")


async def stay_of(deps: Deps, row: ParkingSession, known: ParkingHostStay) -> Stay:
    """Return a stay as a product was told of it."""
    where = row_id(known.session_id, known.app_id, known.product)
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    return Stay(
        number=row.id.hex,
        plate=Plate(deps.keys.cipher.open(_PLATE, where, known.plate), known.color),
        lot=known.lot,
        lot_name=lot.name_zh,
        entered_at=known.entered_at,
        free=await _free(deps, row),
        reference=known.reference,
    )


async def _new_stay(deps: Deps, row: ParkingSession, app_id: str, color: str) -> Stay:
    plate = plate_of(deps, row)
    if plate is None or row.entered_at is None:
        raise OrderRefusedError("The session has no plate, or no entry", fix="Let the resident pay by themselves.")
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    return Stay(
        number=row.id.hex,
        plate=Plate(plate, await _color(deps, row, color)),
        lot=lot.host_ids.get(app_id, ""),
        lot_name=lot.name_zh,
        entered_at=row.entered_at,
        free=await _free(deps, row),
    )


async def _free(deps: Deps, row: ParkingSession) -> timedelta:
    tariff = await deps.session.get(ParkingTariff, row.tariff_id) if row.tariff_id else None
    return timedelta(minutes=read_tariff(tariff.data).free.minutes if tariff else 0)


def plate_of(deps: Deps, row: ParkingSession) -> str | None:
    """Return the plate that a session has by now."""
    return plate_in(deps.keys.cipher.open(TEXT, row.id, row.credential_text))


async def _color(deps: Deps, row: ParkingSession, seen: str) -> PlateColor:
    """Return a plate's colour as the camera saw it, or else as whoever pays for it or owns it says."""
    if not seen:
        mandate = await mandate_for(deps.session, row.id, row.credential, 0)
        account = mandate.account_id if mandate else await owner_of(deps.session, row.credential)
        seen = await color_said(deps, account, row.credential) if account else ""
    return plate_color(seen)


def plate_color(word: str) -> PlateColor:
    """Return a colour of ours as hosts' parking products take it; empty is unknown."""
    return msgspec.convert(word or "unknown", PlateColor)  # type: ignore[no-any-return]  # a literal is no class
