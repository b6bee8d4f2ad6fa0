"""The simulated vehicle register: who keeps which plate since when, and sales."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Struct

from adapters.sandbox.errors import REFUSALS, SandboxRefusedError, UnknownHereError
from adapters.sandbox.signed import ANSWER_FAULTS, Answer, AnyRequest, SignedDoors, decoded
from adapters.sandbox.world import Fault, World
from adapters.signed_json import SigningKey
from adapters.vehicle_register import KeeperReply, KeeperRequest
from kernel.clock import CHINA

KEEPER = "vehicles.keeper"
"""Where faults are planned."""

_BOUGHT = date(2024, 3, 1)


class Kept(Struct, frozen=True):
    """Which resident keeps a plate since when."""

    plate: str
    resident: str
    since: date


class Sale(Struct, frozen=True):
    """To which resident a plate is sold, and on which day; none: today."""

    plate: str
    to: str
    on: date | None = None


class SimulatedVehicleRegister:
    """The register below ``/vehicles``."""

    def __init__(self, world: World, key: SigningKey, *, slow_seconds: float = 6.0) -> None:
        self._world = world
        self._doors = SignedDoors(world, key, "vehicles", slow_seconds=slow_seconds)
        first = (Kept("沪A12345", "wang", _BOUGHT), Kept("沪AD12345", "li", _BOUGHT))
        self._kept = {each.plate: [each] for each in first}  # by plate: its keepers, the present one last
        world.offer_faults(KEEPER, *ANSWER_FAULTS)

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side, which docs/vehicle_register.yaml describes."""

        @post("/vehicles/keepers", summary="Is this a plate's registered keeper? (signed)", tags=["vehicles"])
        async def keeper(request: AnyRequest) -> Response[bytes]:
            """Answer for one person and one plate."""
            return await self._doors.answer(request, KEEPER, self._keeper)

        return [keeper]

    def controls(self) -> Sequence[HTTPRouteHandler]:
        """Return what the page and tests do with the register."""

        @get("/vehicles", sync_to_thread=False, summary="Read the vehicle register", tags=["vehicles"])
        def vehicles() -> list[Kept]:
            """Every plate's present keeper."""
            return [keepers[-1] for keepers in self._kept.values()]

        @post("/vehicles/sales", sync_to_thread=False, responses=REFUSALS, summary="Sell a vehicle", tags=["vehicles"])
        def sell(data: JSONBody[Sale]) -> Kept:
            """Have another resident keep a plate; one that is unknown is registered."""
            return self.sell(data.plate, data.to, data.on)

        return [vehicles, sell]

    def sell(self, plate: str, to: str, on: date | None = None) -> Kept:
        """Register a sale. Raises UnknownHereError, SandboxRefusedError."""
        if to not in self._world.residents:
            raise UnknownHereError(f"There is no resident {to!r}", fix="GET /residents lists them.")
        today, keepers = self._today(), self._kept.get(plate, [])
        day = on or today
        if day > today or (keepers and day < keepers[-1].since):
            raise SandboxRefusedError(
                f"Nobody sells {plate} on {day}", fix="Take a day from its last sale to today: GET /vehicles."
            )
        self._kept[plate] = [*keepers, Kept(plate, to, day)]
        self._world.note("vehicles", "vehicles.sale", f"{plate} to {to}")
        return self._kept[plate][-1]

    def _keeper(self, body: bytes, _fault: Fault | None) -> Answer:
        asked = decoded(body, KeeperRequest)
        person = self._world.resident_of(asked.name, asked.id_number)
        return Answer(200, self._answer(self._kept.get(asked.plate, []), person))

    def _answer(self, keepers: Sequence[Kept], person: str) -> KeeperReply:
        reference = f"vehicle-{self._world.token(12)}"
        if not keepers:
            return KeeperReply("unknown_plate", reference=reference)
        if person and keepers[-1].resident == person:
            return KeeperReply("keeper", keepers[-1].since, reference)
        for kept, after in reversed([*pairwise(keepers)]):
            if person and kept.resident == person:
                return KeeperReply("sold", after.since, reference)
        return KeeperReply("not_keeper", reference=reference)

    def _today(self) -> date:
        return self._world.clock.now().astimezone(CHINA).date()
