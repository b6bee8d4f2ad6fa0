"""Who is a plate's proven owner by the city's vehicle register, or by the vehicle licence that an officer has seen.

The register's word counts above any earlier one: whoever it no longer has as the keeper is no owner either, from the
day on which it says that they sold the vehicle.
"""

from datetime import date
from typing import Protocol
from uuid import UUID

from sqlmodel import select

from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.vehicle_register import KeeperReply, KeeperRequest
from auth.accounts.accounts import account_of
from auth.accounts.merging import parts_of
from auth.accounts.proofing import has_name
from auth.errors import AssuranceTooLowError
from auth.residents.attempts import Limit
from auth.residents.proofs import Person
from flows.parking.credentials import credential, index_of
from flows.parking.errors import NotKeeperError, RegisterSilentError, UnknownVehicleError
from flows.parking.gathering import Deps
from flows.parking.ownership import owner_of
from flows.parking.plates import read_plate
from flows.parking.vehicle_tables import Vehicle, VehicleBinding
from flows.parking.vehicles import claim, end, prove
from kernel.audit.entries import Detail

KEEPERS = Limit("vehicle register", 5, 86_400)
"""Whose a plate is must not be tried out."""

REGISTER, LICENCE = "vehicle_register", "vehicle_licence"
_ACTOR = "register:vehicles"
_AT_A_WINDOW = (
    "Compare the plate with the vehicle licence, and show both licence and ID card at a window if it is yours."
)


class Register(Protocol):
    """Who knows the keepers of vehicles (``adapters.vehicle_register``)."""

    async def keeper(self, asked: KeeperRequest) -> KeeperReply: ...


async def answer_of(register: Register, plate: str, person: Person) -> KeeperReply:
    """Return what the register says of a person and a plate. Raises RegisterSilentError, HostConfigurationError."""
    try:
        return await register.keeper(KeeperRequest(plate, person.name, person.id_number))
    except (HostUnavailableError, OutcomeUnknownError) as error:
        raise RegisterSilentError(
            "The vehicle register does not answer now, so nothing has changed", fix="Try again later today."
        ) from error


async def heed(deps: Deps, account_id: UUID, vehicle_id: UUID, reply: KeeperReply) -> VehicleBinding | None:
    """Do what the register's word on an account takes: prove it, and end who is no keeper. None: it is not the keeper.

    A plate that the register does not know stays whose it is. Raises UnknownVehicleError.
    """
    vehicle = await deps.session.get_one(Vehicle, vehicle_id, with_for_update=True)
    owner, keeps = await owner_of(deps.session, vehicle.plate_index), reply.answer == "keeper"
    is_mine = owner in await parts_of(deps.session, account_id)
    if owner is not None and is_mine != keeps and reply.answer != "unknown_plate":
        await end(deps, owner, vehicle_id, sold_on=reply.since, actor=_ACTOR, reference=reply.reference)
    return await prove(deps, account_id, vehicle_id, REGISTER, reference=reply.reference) if keeps else None


def refusal(reply: KeeperReply) -> NotKeeperError:
    """Return what somebody is told who is not the keeper."""
    if reply.answer == "unknown_plate":
        return NotKeeperError("The vehicle register does not know this plate", fix=_AT_A_WINDOW)
    if reply.answer == "sold":
        return NotKeeperError(
            f"By the vehicle register this vehicle is no longer yours since {reply.since}",
            fix="Have the register corrected if that is wrong.",
        )
    return NotKeeperError("By the vehicle register you are not the keeper of this plate", fix=_AT_A_WINDOW)


async def licence_seen(
    deps: Deps, account_id: UUID, raw_plate: str, person: Person, *, actor: str, **details: Detail
) -> VehicleBinding:
    """Take over that an officer has seen a person's vehicle licence and document: their account owns the plate.

    Raises AssuranceTooLowError, NotKeeperError if the account is not that person's, VehicleTakenError, PlateError.
    """
    account = await account_of(deps.session, account_id)
    if account.id_number_index is None:
        raise AssuranceTooLowError(
            "The account's person is not proven", needed="L2", fix="Do `yiwang account prove-at-window` first."
        )
    index = deps.keys.index.index("account.id_number", person.id_number)
    if account.id_number_index != index or not has_name(deps.keys, account, person.name):
        raise NotKeeperError("The account is another person's", fix="Have its person show the code on their own phone.")
    bound = await claim(deps, account.id, raw_plate)
    return await prove(deps, account.id, bound.vehicle_id, LICENCE, actor=actor, **details)


async def sale_seen(deps: Deps, raw_plate: str, sold_on: date, *, actor: str, **details: Detail) -> UUID:
    """Take over that an officer has seen a vehicle's sale; return the account that owned the plate until then.

    Raises PlateError, UnknownVehicleError if nobody does.
    """
    index = index_of(deps.keys, credential("plate", read_plate(raw_plate).text))
    chosen = select(Vehicle).where(Vehicle.plate_index == index).with_for_update()
    vehicle = (await deps.session.exec(chosen)).first()
    owner = await owner_of(deps.session, index)
    if vehicle is None or owner is None:
        raise UnknownVehicleError("Nobody is proven to own this plate", fix="Compare the plate with the licence.")
    await end(deps, owner, vehicle.id, sold_on=sold_on, actor=actor, **details)
    return owner
