"""``/residents`` and ``/phones``: what residents do with their simulated phones, for the page and for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from adapters.sandbox.errors import REFUSALS, SandboxRefusedError, UnknownHereError
from adapters.sandbox.host import Deed, SimulatedHost
from adapters.sandbox.hosts import Sandbox
from adapters.sandbox.identity import AskedFaceCheck
from adapters.sandbox.links import opened_link
from adapters.sandbox.world import Resident

_APP = "/phones/{resident:str}/{provider:str}/{app_id:str}"
_COMMON: Any = {"sync_to_thread": False, "tags": ["phones"]}


class MiniProgram(Struct, frozen=True):
    """A registered app of a host."""

    id: str
    name: str


class HostApp(Struct, frozen=True):
    """A host app that every phone has; ``lacks`` are the paths that it has no use for."""

    provider: str
    apps: list[MiniProgram]
    lacks: list[Deed]


class Code(Struct, frozen=True):
    """A one-time login code."""

    code: str


class Scan(Struct, frozen=True):
    """The text of a code that is scanned."""

    text: str


class Tap(Struct, frozen=True):
    """The template of a subscription message that the resident allows once."""

    template: str


class Confirmation(Struct, frozen=True):
    """What the server handed the client for the cashier, and whether the resident confirms or leaves."""

    parameters: dict[str, str]
    confirmed: bool = True


class Opened(Struct, frozen=True):
    """What the server handed the client for the cashier."""

    parameters: dict[str, str]


class OpenBill(Struct, frozen=True):
    """What the cashier shows before anybody confirms: to whom, for what, and how much in fen."""

    merchant: str
    subject: str
    amount_fen: int


class OpenedAgreement(Struct, frozen=True):
    """What the server handed the client for the host's page on which plates' owners agree."""

    parameters: dict[str, Any]


class PaymentResult(Struct, frozen=True):
    """The word that the client gets from the host's page; only the host's callback or a query proves anything."""

    result: str


class Decision(Struct, frozen=True):
    """How a face check ends."""

    state: Literal["passed", "failed"]


class Received(Struct, frozen=True):
    """A message in the inbox."""

    provider: str
    title: str
    lines: list[tuple[str, str]]
    page: str


class Phones:
    """The handlers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._world = sandbox.world
        self._hosts: dict[str, SimulatedHost] = {each.provider: each for each in sandbox.hosts}
        self._identity = sandbox.identity

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""
        return [
            *self._of_everyone(),
            *self._who_they_are(),
            *self._what_they_allow(),
            self._scan(),
            self._inbox(),
            *self._face_checks(),
        ]

    def _of_everyone(self) -> list[HTTPRouteHandler]:
        @get("/residents", summary="List the residents", **_COMMON)
        def residents() -> list[Resident]:
            """Everyone who has a phone."""
            return list(self._world.residents.values())

        @get("/phones", summary="List the host apps", **_COMMON)
        def host_apps() -> list[HostApp]:
            """The host apps of every phone, with their mini-programs."""
            return [
                HostApp(provider, [MiniProgram(*each) for each in host.apps().items()], [*host.lacks])
                for provider, host in self._hosts.items()
            ]

        return [residents, host_apps]

    def _who_they_are(self) -> list[HTTPRouteHandler]:
        @post(f"{_APP}/login", summary="Log in: get a one-time code", responses=REFUSALS, **_COMMON)
        def login(resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str]) -> Code:
            """What wx.login and its sisters give the client."""
            with self._in_app(resident, provider, app_id) as host:
                return Code(host.login(app_id, resident))

        @post(f"{_APP}/phone-proof", summary="Press the phone number button", responses=REFUSALS, **_COMMON)
        def phone_proof(resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str]) -> Mapping[str, str]:
            """What the button gives the client for the server."""
            with self._in_app(resident, provider, app_id) as host:
                return host.phone_proof(app_id, resident)

        return [login, phone_proof]

    def _what_they_allow(self) -> list[HTTPRouteHandler]:
        @post(f"{_APP}/messages", summary="Allow one more message", responses=REFUSALS, **_COMMON)
        def allow(
            resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str], data: JSONBody[Tap]
        ) -> Mapping[str, str]:
            """What the subscription tap gives the client, where it gives anything."""
            with self._in_app(resident, provider, app_id) as host:
                return host.allow_message(app_id, resident, data.template)

        @post(f"{_APP}/bills", summary="Open the cashier", responses=REFUSALS, **_COMMON)
        def bill(
            resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str], data: JSONBody[Opened]
        ) -> OpenBill:
            """Open the cashier with what the server made, to see what there is to confirm."""
            with self._in_app(resident, provider, app_id) as host:
                shown = host.bill(app_id, resident, data.parameters)
                return OpenBill(host.apps()[app_id], shown.subject, shown.amount_fen)

        @post(f"{_APP}/payments", summary="Confirm or refuse a payment", responses=REFUSALS, tags=["phones"])
        async def pay(
            resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str], data: JSONBody[Confirmation]
        ) -> PaymentResult:
            """Open the cashier with what the server made, and confirm, or leave it unpaid."""
            with self._in_app(resident, provider, app_id) as host:
                return PaymentResult(await host.pay(app_id, resident, data.parameters, confirmed=data.confirmed))

        @post(f"{_APP}/agreements", summary="Agree that parking fees are taken", responses=REFUSALS, **_COMMON)
        def agree(
            resident: FromPath[str], provider: FromPath[str], app_id: FromPath[str], data: JSONBody[OpenedAgreement]
        ) -> PaymentResult:
            """Open the host's page with what the server made, and agree that a plate's fees are taken by themselves."""
            with self._in_app(resident, provider, app_id) as host:
                return PaymentResult(host.agree(app_id, resident, data.parameters))

        return [allow, bill, pay, agree]

    def _scan(self) -> HTTPRouteHandler:
        @post("/phones/{resident:str}/{provider:str}/scans", summary="Scan a code", responses=REFUSALS, **_COMMON)
        def scan(resident: FromPath[str], provider: FromPath[str], data: JSONBody[Scan]) -> Mapping[str, str]:
            """Return the launch options with which the host app opens what a code says; a link, in its browser."""
            with self._in_host(resident, provider) as host:
                options = host.scanned(data.text)
            if options is None:
                options = opened_link(data.text)
            if options is not None:
                return options
            able = [each.provider for each in self._hosts.values() if each.scanned(data.text) is not None]
            raise SandboxRefusedError(
                f"{provider} cannot read this code",
                fix=f"It can be scanned with {', '.join(able)}." if able else "No host app here knows such a text.",
            )

        return scan

    def _inbox(self) -> HTTPRouteHandler:
        @get("/phones/{resident:str}/inbox", summary="Read the inbox", responses=REFUSALS, **_COMMON)
        def inbox(resident: FromPath[str]) -> list[Received]:
            """The messages of every host app, oldest first within each."""
            self._resident(resident)
            return [
                Received(provider, each.title, list(each.lines), each.page)
                for provider, host in self._hosts.items()
                for each in host.inbox(resident)
            ]

        return inbox

    def _face_checks(self) -> list[HTTPRouteHandler]:
        face_checks = "/phones/{resident:str}/face-checks"

        @get(face_checks, summary="List face checks", responses=REFUSALS, **_COMMON)
        def begun(resident: FromPath[str]) -> list[AskedFaceCheck]:
            """The newest first."""
            self._resident(resident)
            return list(self._identity.face_checks(resident))

        @post(f"{face_checks}/{{check:str}}", summary="Have a face looked at", responses=REFUSALS, **_COMMON)
        def decide(resident: FromPath[str], check: FromPath[str], data: JSONBody[Decision]) -> AskedFaceCheck:
            """Decide a pending face check."""
            self._resident(resident)
            return self._identity.decide(resident, check, data.state)

        return [begun, decide]

    def _resident(self, key: str) -> None:
        if key not in self._world.residents:
            raise UnknownHereError(
                f"There is no resident {key!r}", fix=f"The residents are {', '.join(self._world.residents)}."
            )

    @contextmanager
    def _in_host(self, resident: str, provider: str) -> Iterator[SimulatedHost]:
        self._resident(resident)
        host = self._hosts.get(provider)
        if host is None:
            raise UnknownHereError(
                f"There is no host app {provider!r}", fix=f"The host apps are {', '.join(self._hosts)}."
            )
        try:
            yield host
        except (KeyError, ValueError) as error:  # what a client hands over may be anything
            raise SandboxRefusedError(
                f"{provider} cannot use this: {type(error).__name__} {error}",
                fix="Pass on exactly what the server returned, every value as text.",
            ) from error

    @contextmanager
    def _in_app(self, resident: str, provider: str, app_id: str) -> Iterator[SimulatedHost]:
        with self._in_host(resident, provider) as host:
            if app_id not in host.apps():
                raise UnknownHereError(
                    f"{provider} has no app {app_id!r}", fix=f"Its apps are {', '.join(host.apps())}."
                )
            yield host
