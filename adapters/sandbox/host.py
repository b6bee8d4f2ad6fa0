"""What a simulated phone can do in any simulated host app; each simulator implements it beside its HTTP routes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.channel import Provider

Deed = Literal["login", "phone-proof", "payments", "agreements"]
"""What residents do in some host apps only, each as its path is called."""


class InboxMessage(Struct, frozen=True):
    """A subscription message as the resident sees it."""

    title: str
    lines: tuple[tuple[str, str], ...]
    page: str = ""


class Bill(Struct, frozen=True):
    """What a cashier shows of an order before anybody confirms it."""

    amount_fen: int
    subject: str


class SimulatedHost(Protocol):
    """One host app. ``resident`` is a key of ``World.residents``; KeyError for one that is none."""

    provider: Provider
    lacks: Collection[Deed]

    def routes(self) -> Sequence[HTTPRouteHandler]:
        """Return the server side: the paths of the host's own API below ``/<provider>``, WeChat Pay's beside it."""
        ...

    def apps(self) -> Mapping[str, str]:
        """Return the registered mini-programs: app id → name."""
        ...

    def login(self, app_id: str, resident: str) -> str:
        """Do what ``wx.login`` and its sisters do: return a one-time code."""
        ...

    def phone_proof(self, app_id: str, resident: str) -> Mapping[str, str]:
        """Do what the phone number button does: return what it gives the client."""
        ...

    def allow_message(self, app_id: str, resident: str, template: str) -> Mapping[str, str]:
        """Do what a subscription tap does: one more message may be sent."""
        ...

    def bill(self, app_id: str, resident: str, parameters: Mapping[str, str]) -> Bill:
        """Open the cashier with what the server handed the client. KeyError, ValueError: it does not open, and why."""
        ...

    async def pay(self, app_id: str, resident: str, parameters: Mapping[str, str], *, confirmed: bool = True) -> str:
        """Open the cashier with what the server handed the client, confirm or leave; return the client's word."""
        ...

    def agree(self, app_id: str, resident: str, parameters: Mapping[str, Any]) -> str:
        """Agree, on the host's own page, that a plate's parking fees are taken by themselves; return the client's word.

        KeyError, ValueError: the page does not open, and why.
        """
        ...

    def inbox(self, resident: str) -> Sequence[InboxMessage]: ...

    def scanned(self, text: str) -> Mapping[str, str] | None:
        """Return the launch options for a scanned code's text, None if it is not this host's."""
        ...
