"""What the platform's own resolvers are given."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import strawberry
from msgspec import Struct

from adapters.channel import Channel
from adapters.identity import IdentityService
from adapters.parking import ParkingProduct
from adapters.single_flight import SingleFlight
from auth.consents.purposes import Purposes
from auth.provider.environment import Environment
from auth.residents.app_sessions import Tokens
from auth.sessions.access_tokens import AccessToken
from flows.appointments.hall.reading_once import Halls
from flows.appointments.holding import Desk as AppointmentDesk
from flows.codes.desk import Desk
from flows.parking.proving import Register
from kernel.database import Database
from kernel.watching import Watch
from services_catalog.manifest import LongText, Text
from supergraph.slice import Slice


class LiveService(Protocol):
    """A live service as the gateway knows it."""

    @property
    def name(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def title(self) -> Text: ...
    @property
    def description(self) -> LongText | None: ...


class LiveServices(Protocol):
    """The gateway's registry, as far as resolvers need it."""

    def live(self, name: str) -> LiveService | None: ...
    def names(self) -> Collection[str]: ...
    async def slice(self, service: Any) -> Slice: ...  # one that ``live`` has returned


class Platform(Struct, frozen=True, kw_only=True):
    """What one process works with. ``channels`` and ``owners`` are by app id (``adapters.apps``).

    ``parking`` are the hosts' products that charge for stays by themselves, by app id, too.

    ``desk`` has what residents' codes are issued with, ``appointments`` what times are held with; ``watch`` follows
    parking sessions that are shown live, ``halls`` the halls of offices, by the office's code, which ``halls_read``
    reads for all who watch them;
    ``framed_by`` are the origins that may show residents' pages in a frame.
    """

    services: LiveServices
    database: Database
    environment: Environment
    channels: Mapping[str, Channel]
    parking: Mapping[str, ParkingProduct]
    owners: Mapping[str, str]
    identity: IdentityService | None
    vehicles: Register | None
    purposes: Purposes
    sign_ins: SingleFlight[Tokens]
    desk: Desk
    appointments: AppointmentDesk
    watch: Watch
    halls: Watch
    halls_read: Halls
    framed_by: tuple[str, ...] = ()


class Context(Struct, frozen=True):
    """One request's context: the process's platform, and whose request it is."""

    platform: Platform
    token: AccessToken | None = None


Info = strawberry.Info[Context, None]
