"""A resident lets a host app charge for a vehicle: they agree here first, then at the host, whose word makes it stand.

Alipay tells us what came of it. WeChat Pay tells nobody, so the host is asked: when the resident comes back, and by the
worker for a day. A mandate that its host has not confirmed by then ends.
"""

import logging
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from adapters.parking import Agreeing, ParkingProduct, Plate
from auth.accounts.tables import Identity
from flows.parking.errors import VehicleUnprovenError
from flows.parking.gathering import Deps
from flows.parking.host_stays import Products, plate_color
from flows.parking.mandates import object_of, vehicle_of
from flows.parking.messages import AGREEMENT, MandateNamed
from flows.parking.ownership import color_said, owner_of, refuse_others, vehicle_held
from flows.parking.vehicle_tables import Vehicle
from flows.payments import mandates
from flows.payments.attempting import identity_in
from flows.payments.mandates import NewMandate
from flows.payments.tables import DebitMandate
from flows.payments.waiting import grown
from kernel.errors import YiwangError
from kernel.money import Fen
from kernel.outbox import send

CONFIRMED_WITHIN = timedelta(days=1)
"""Who has not agreed at the host by then has left it; they can sign anew."""
_FIRST_ASKED = 2  # 20 seconds after signing: the page at the host takes as long

_log = logging.getLogger(__name__)


class Signed(Struct, frozen=True):
    """What is agreed to here, and to be agreed to at the host."""

    mandate: DebitMandate
    agreeing: Agreeing


class Wanted(Struct, frozen=True, kw_only=True):
    """Who lets what be charged where, up to how much each time; the version of the wording that they have read."""

    account_id: UUID
    vehicle_id: UUID
    app_id: str
    limit_each: Fen
    consent_version: int


async def sign(deps: Deps, product: ParkingProduct, wanted: Wanted, notify_url: str) -> Signed:
    """Record the consent; to be committed before the host is asked. The same again is the same mandate.

    A claim suffices where the host vouches for its driver. Raises UnknownVehicleError, VehicleTakenError,
    VehicleUnprovenError, PayerUnknownError, MandateTakenError, AmountRefusedError.
    """
    vehicle = await vehicle_held(deps, wanted.account_id, wanted.vehicle_id)
    await deps.session.refresh(vehicle, with_for_update={"read": True})  # a proof comes first, or ends what is signed
    await refuse_others(deps, wanted.account_id, vehicle)
    driver = await identity_in(deps.session, wanted.account_id, product.provider, wanted.app_id)
    if not product.vouches and await owner_of(deps.session, vehicle.plate_index) is None:  # then it is their own
        raise VehicleUnprovenError(
            "It is not proven that this plate is yours",
            fix="Prove that first (`proveVehicle`), or sign in another host app.",
        )
    new = NewMandate(
        account_id=wanted.account_id,
        about=object_of(vehicle.id),
        provider=product.provider,
        app_id=wanted.app_id,
        limit_each=wanted.limit_each,
        consent_version=wanted.consent_version,
    )
    mandate = await mandates.sign(deps.session, deps.clock, new, f"account:{wanted.account_id}")
    if mandate.state == "signed":
        named = MandateNamed(mandate.id, _FIRST_ASKED)
        send(deps.session, deps.clock, AGREEMENT, named, grown(named.asked))
    return Signed(mandate, await _agreeing(deps, mandate, vehicle, driver, notify_url))


async def confirmed(product: ParkingProduct, signed: Signed) -> bool:
    """Ask the host, outside of any transaction, whether it takes the plate's fees for this driver."""
    return await product.service_state(signed.agreeing.plate, signed.agreeing.driver) == "active"


async def ask(deps: Deps, products: Products, named: MandateNamed) -> None:
    """Ask the host of a mandate that it has not confirmed, and again later; no lock is held meanwhile."""
    mandate = await deps.session.get(DebitMandate, named.mandate_id)
    if mandate is None or mandate.state != "signed":
        return
    if await _holds(deps, products, mandate):
        await mandates.hear(deps.session, deps.clock, mandate.id, holds=True)
    elif deps.clock.now() >= mandate.consented_at + CONFIRMED_WITHIN:
        await give_up(deps, mandate.id)
    else:
        again = MandateNamed(mandate.id, named.asked + 1)
        send(deps.session, deps.clock, AGREEMENT, again, grown(again.asked))


async def give_up(deps: Deps, mandate_id: UUID) -> None:
    """End a mandate that its host has never confirmed."""
    await mandates.hear(deps.session, deps.clock, mandate_id, holds=False, because="never agreed to at the host")


async def _holds(deps: Deps, products: Products, mandate: DebitMandate) -> bool:
    """Ask; what cannot be asked now is not confirmed yet."""
    vehicle_id, product = vehicle_of(mandate.about), products.of(mandate.app_id, "charging")
    vehicle = await deps.session.get(Vehicle, vehicle_id) if vehicle_id else None
    if vehicle is None or product is None:
        return False
    try:
        driver = await identity_in(deps.session, mandate.account_id, mandate.provider, mandate.app_id)
        return await confirmed(product, Signed(mandate, await _agreeing(deps, mandate, vehicle, driver, "")))
    except YiwangError as error:
        _log.warning("a mandate is not confirmed", extra={"mandate": mandate.id, "reason": error.message})
        return False


async def _agreeing(deps: Deps, mandate: DebitMandate, vehicle: Vehicle, driver: Identity, notify_url: str) -> Agreeing:
    color = await color_said(deps, mandate.account_id, vehicle.plate_index)
    number = deps.keys.cipher.open("vehicle.plate", vehicle.id, vehicle.plate)
    return Agreeing(
        number=mandate.id.hex,
        plate=Plate(number, plate_color(color)),
        driver=driver.subject,
        notify_url=notify_url,
    )
