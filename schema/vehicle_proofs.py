"""``proveVehicle``: the city's vehicle register says whether a resident is the keeper of a plate that they drive."""

import strawberry

from auth.errors import AssuranceTooLowError
from auth.residents.proofs import person_of
from flows.parking.errors import NoVehicleRegisterError
from flows.parking.ownership import vehicle_held
from flows.parking.proving import KEEPERS, Register, answer_of, heed, refusal
from kernel.audit.entries import Detail
from schema.caller import acting, noting
from schema.context import Info, Platform
from schema.parking import VehicleShown, deps_of, shown_vehicles
from schema.proofs import admitted
from schema.ways_in import uuid
from supergraph.slice import Access

POLICIES = {"Mutation.proveVehicle": Access("L2")}


@strawberry.type
class VehicleProofMutations:
    """The part of ``Mutation`` that this file is for."""

    @strawberry.mutation(  # type: ignore[untyped-decorator]  # strawberry's
        description="Have the vehicle register asked whether this resident is the keeper of a vehicle of theirs. Then "
        "they see where it parks from now on, and who sold it no longer does. Needs L2 and the resident's consent to "
        "`vehicle-register`; five tries a day."
    )
    async def prove_vehicle(self, info: Info, vehicle: strawberry.ID) -> VehicleShown | None:
        context, wanted = info.context, uuid(vehicle, "vehicle")
        platform, register = context.platform, _register(context.platform)
        owner = await admitted(context, "vehicle-register", KEEPERS)
        async with platform.database.session() as session:
            held = await vehicle_held(deps_of(context, session), owner.account_id, wanted)
            person = await person_of(session, platform.environment, owner)
        if person is None:
            raise AssuranceTooLowError("Nobody knows who you are", needed="L2", fix="Send `provePerson` first.")
        plate = platform.environment.keys.cipher.open("vehicle.plate", held.id, held.plate)
        reply = await answer_of(register, plate, person)
        since: dict[str, Detail] = {"since": reply.since.isoformat()} if reply.since else {}
        async with acting(context, "vehicle.register_answered", f"vehicle:{wanted}") as (session, owner):
            deps = deps_of(context, session)
            bound = await heed(deps, owner.account_id, wanted, reply)
            noting(session, answer=reply.answer, reference=reply.reference, **since)
            if bound is not None:
                [shown] = await shown_vehicles(deps, [(held, bound)])
                return shown
        raise refusal(reply)


def _register(platform: Platform) -> Register:
    if platform.vehicles is None:
        raise NoVehicleRegisterError(
            "No vehicle register can be asked here", fix="Show the vehicle licence at a window."
        )
    return platform.vehicles
