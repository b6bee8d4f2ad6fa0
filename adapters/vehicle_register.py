"""The city's vehicle register, a department's system: whether a person is the registered keeper of a plate.

The wire is that of ``adapters.signed_json``: ``POST /keepers`` ``{"plate", "name", "id_number"}`` →
``{"answer", "since", "reference"}``; docs/vehicle_register.yaml is its OpenAPI document. Plate, name and number travel
in bodies only, never in an address, a log or an error.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from adapters.errors import HostConfigurationError
from adapters.signed_json import Refusal, SignedJson, open_signed, read, signing_key
from kernel.clock import Clock
from kernel.settings import Settings

Answer = Literal["keeper", "not_keeper", "unknown_plate", "sold"]


class KeeperRequest(Struct, frozen=True):
    """``POST /keepers``: a plate in its normal form, and a person as the population register has them."""

    plate: str
    name: str
    id_number: str

    def __repr__(self) -> str:
        return "KeeperRequest(…)"


class KeeperReply(Struct, frozen=True):
    """Its success. ``since``: the day on which they became the keeper, or (``sold``) ceased to be.

    ``reference`` is the register's own number for its answer.
    """

    answer: Answer
    since: date | None = None
    reference: Annotated[str, Meta(pattern="^[A-Za-z0-9._:/+=-]{0,100}$")] = ""

    def __post_init__(self) -> None:
        if (self.since is not None) != (self.answer in {"keeper", "sold"}):
            raise ValueError("keeper and sold have a day, and the others none")


class VehicleRegister:
    """Calls to the register. They raise what ``SignedJson.call`` raises."""

    def __init__(self, service: SignedJson) -> None:
        self._service = service

    async def keeper(self, asked: KeeperRequest) -> KeeperReply:
        """Whether a person keeps a plate."""
        answer = read(await self._service.call("POST", "/keepers", asked), KeeperReply)
        if isinstance(answer, Refusal):
            raise HostConfigurationError(
                f"The vehicle register refuses with code {answer.code!r}",
                fix="Compare what it expects with docs/vehicle_register.yaml.",
            )
        return answer


@asynccontextmanager
async def open_vehicle_register(settings: Settings, clock: Clock) -> AsyncIterator[VehicleRegister | None]:
    """Open the register of YIWANG_VEHICLE_REGISTER_URL; None if there is none."""
    if not settings.vehicle_register_url:
        yield None
        return
    key = signing_key(settings.vehicle_register_key, "vehicle_register_key")
    async with open_signed(settings.vehicle_register_url, key, clock, "the vehicle register") as service:
        yield VehicleRegister(service)
