"""Whom the sign-in pages reach outside: an SMS gateway, the identity service, the host apps' own pages."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from msgspec import Struct

from adapters.channel import WebSignIn
from adapters.identity import IdentityService
from adapters.web.sms import SmsSender
from auth.errors import NoMessagesError


class IdentityCheck(Protocol):
    """Whoever can say whether a name belongs to an ID number (``adapters.identity``)."""

    async def match(self, name: str, id_number: str) -> bool: ...


class SignInServices(Struct, frozen=True):
    """Whom the pages reach: SMS (number, code, id of the message), and the identity service if there is one.

    ``sms`` is the gateway behind ``send_code``, for other messages of the web; ``hosts`` are the host apps' own pages
    by the host apps' ids.
    """

    send_code: Callable[[str, str, str], Awaitable[None]]
    identity: IdentityCheck | None = None
    sms: SmsSender | None = None
    hosts: Mapping[str, WebSignIn] = {}

    @property
    def faces(self) -> IdentityService | None:
        """The identity service if it compares faces too."""
        return self.identity if isinstance(self.identity, IdentityService) else None


async def no_messages(phone: str, code: str, id_: str) -> None:  # noqa: ARG001 - SignInServices's interface
    """Stand where no SMS gateway is configured. Raises NoMessagesError."""
    raise NoMessagesError("No code can be sent by SMS here", fix="Sign in by WeChat, Alipay or Baidu.")
