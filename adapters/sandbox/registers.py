"""The simulated registers of households and of businesses, behind the doors of the simulated identity service."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.identity import GuardianshipReply, GuardianshipRequest, RepresentationReply, RepresentationRequest
from adapters.sandbox.signed import ANSWER_FAULTS, Answer, AnyRequest, RefusedError, SignedDoors, decoded
from adapters.sandbox.world import CHILDREN, COMPANIES, Child, Company, Fault, World
from kernel.credit_codes import CreditCodeError, normal_credit_code
from kernel.crypto.blind_index import normal_id_number
from kernel.crypto.errors import IdNumberError

# Where faults are planned.
GUARDIANSHIP = "identity.guardianship"
REPRESENTATION = "identity.representation"


class Registers(Struct, frozen=True):
    """What both registers hold: for whom residents stand."""

    children: tuple[Child, ...]
    companies: tuple[Company, ...]


class SimulatedRegisters:
    """Both registers. ``doors`` are the identity service's."""

    def __init__(self, world: World, doors: SignedDoors) -> None:
        self._world = world
        self._doors = doors
        world.offer_faults(GUARDIANSHIP, *ANSWER_FAULTS)
        world.offer_faults(REPRESENTATION, *ANSWER_FAULTS)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side, and what the page shows; adapters/identity.py describes the wire."""

        @post("/identity/guardianships", summary="Is this a child's guardian? (signed)", tags=["identity"])
        async def guardianship(request: AnyRequest) -> Response[bytes]:
            """Answer from the household register, not saying whether it knows the child."""
            return await self._doors.answer(request, GUARDIANSHIP, self._guardianship)

        @post("/identity/representations", summary="Is this a company's representative? (signed)", tags=["identity"])
        async def representation(request: AnyRequest) -> Response[bytes]:
            """Answer from the business register."""
            return await self._doors.answer(request, REPRESENTATION, self._representation)

        @get("/registers", sync_to_thread=False, summary="Read both registers", tags=["phones"])
        def registers() -> Registers:
            """The children with their guardians, the companies with their representatives."""
            return Registers(CHILDREN, COMPANIES)

        return [guardianship, representation, registers]

    def _guardianship(self, body: bytes, _fault: Fault | None) -> Answer:
        asked = decoded(body, GuardianshipRequest)
        guardian = self._world.resident_of(asked.name, _id_number(asked.id_number, "id_number"))
        child = _id_number(asked.child_id_number, "child_id_number")
        for each in CHILDREN:
            if (each.name, each.id_number, each.guardian) == (asked.child_name, child, guardian):
                return Answer(200, GuardianshipReply(match=True, reference=f"household-{self._world.token(12)}"))
        return Answer(200, GuardianshipReply(match=False))

    def _representation(self, body: bytes, _fault: Fault | None) -> Answer:
        asked = decoded(body, RepresentationRequest)
        person = self._world.resident_of(asked.name, _id_number(asked.id_number, "id_number"))
        try:
            code = normal_credit_code(asked.credit_code)
        except CreditCodeError as error:
            raise RefusedError(422, "credit_code", error.message, "credit_code") from error
        for each in COMPANIES:
            if (each.credit_code, each.representative) == (code, person):
                reference = f"business-{self._world.token(12)}"
                return Answer(200, RepresentationReply(match=True, company_name=each.name, reference=reference))
        return Answer(200, RepresentationReply(match=False))


def _id_number(text: str, field: str) -> str:
    try:
        return normal_id_number(text)
    except IdNumberError as error:
        raise RefusedError(422, field, error.message, field) from error
