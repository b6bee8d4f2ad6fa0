"""The one interface to every host app, and the plain values that cross it. What a host app says stays behind it.

Every call may raise the errors of ``adapters.errors``; which of a host's many codes means which is its adapter's to
know. Amounts are fen, times have a zone, phone numbers are E.164 (``+8613800138000``).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal, Protocol

from msgspec import Struct

from adapters.bills import Bill
from kernel.money import Fen

Provider = Literal["wechat", "alipay", "baidu", "web"]


class HostIdentity(Struct, frozen=True):
    """Who has signed in, as the host app knows them: ``subject`` within the app ``app_id``.

    ``union_subject`` is the same for all apps of one owner; a host may have none today and one tomorrow.
    ``session_key`` opens what the client is given for the server; it proves nothing and is replaced at any sign-in.
    """

    provider: Provider
    app_id: str
    subject: str
    union_subject: str = ""
    session_key: str = ""

    def __repr__(self) -> str:
        return f"HostIdentity({self.provider}, {self.app_id}, {self.subject})"  # the session key is a secret


class Order(Struct, frozen=True, kw_only=True):
    """What to have paid; ``number`` is ours, unique for ever, letters and digits up to 32."""

    number: str
    amount: Fen
    subject: str  # what the payer reads
    payer: HostIdentity
    notify_url: str  # https, without a query
    expires_at: datetime


class Payment(Struct, frozen=True, kw_only=True):
    """How a payment stands at the host, by query or callback. ``unknown``: the host has not heard of the number.

    ``number`` and ``amount`` are to be compared with the order before anything is believed. ``payer`` is a subject, and
    ``payer_union`` the same person's union subject, where the host says who has paid. ``charged``: the host's parking
    product took it by itself, which some hosts want named to give it back.
    """

    number: str
    state: Literal["unknown", "pending", "paid", "closed", "refunded", "failed"]
    amount: Fen | None = None
    transaction: str = ""  # the host's own number
    payer: str = ""
    payer_union: str = ""
    paid_at: datetime | None = None
    charged: bool = False


class Refund(Struct, frozen=True, kw_only=True):
    """How a refund stands; accepted is not done. ``number`` is ours and the idempotency key."""

    number: str
    order: str
    state: Literal["unknown", "pending", "done", "failed"]
    amount: Fen | None = None


class Callback(Struct, frozen=True):
    """A verified message of the host's, and what to answer it with so that it is not sent again."""

    about: Payment | Refund | Mapping[str, str]  # the last: an event, by the host's own names
    message_id: str  # equal for the same message sent again
    reply: bytes
    reply_type: str = "text/plain"


class Message(Struct, frozen=True, kw_only=True):
    """A subscription message: ``values`` by the template's keywords."""

    to: str  # subject; on the web a phone number
    template: str
    values: Mapping[str, str]
    page: str = ""
    credit: str = ""  # Baidu and old Alipay: the form or subscription that allows it


class MiniCode(Struct, frozen=True):
    """A code that opens the mini-program at ``page``; ``scene`` has at most 32 of ``[A-Za-z0-9_-]``."""

    page: str
    scene: str
    width_px: int = 430


class Launch(Struct, frozen=True):
    """How a front end opens something: a mini-program's path, a web page, or a link from outside the host app."""

    kind: Literal["mini_program", "web_view", "deep_link"]
    target: str
    app_id: str = ""


class WebSignIn(Protocol):
    """The half of a Channel by which residents sign in in a browser, at a page of the host's own.

    Some hosts register it as an app of its own, which then is the identity's ``app_id``.
    """

    provider: Provider

    def address(self, state: str, return_url: str) -> str:
        """Return where to lead the browser. It comes back to ``return_url``, with ``state`` among what it brings."""
        ...

    async def finish(self, brought: Mapping[str, str], return_url: str) -> HostIdentity:
        """Tell who has come back, by the query ``brought``. HostSignInCancelledError if the host let nobody in."""
        ...


class Channel(Protocol):
    """One app at one host. Methods that a host does not have raise NotOfferedError."""

    provider: Provider
    app_id: str
    web_sign_in: WebSignIn | None  # None: not set up, or not offered

    async def sign_in(self, code: str) -> HostIdentity:
        """Exchange the client's one-time code. CodeRefusedError: ask the client for a fresh one."""
        ...

    async def phone_number(self, proof: Mapping[str, str], identity: HostIdentity) -> str:
        """Return the number that the host has verified; ``proof`` is what its button gave the client."""
        ...

    async def prepay(self, order: Order) -> Mapping[str, str]:
        """Create the order; return what the client passes to the host's cashier. OutcomeUnknownError: query."""
        ...

    async def query(self, number: str) -> Payment: ...

    async def close(self, number: str) -> None:
        """Have an unpaid order closed. Believe only a query that says so."""
        ...

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund:
        """Give ``amount`` of a paid order back; again with the same ``number`` changes nothing."""
        ...

    async def query_refund(self, number: str, order: Payment) -> Refund: ...

    async def bill(self, day: date) -> Bill:
        """Fetch what was paid and given back on a day of Beijing's.

        BillNotReadyError: ask later. BillUnreadableError: it is damaged, or of a form that is not known.
        """
        ...

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback:
        """Verify a message of the host's. Header names are lower case. SignatureRefusedError."""
        ...

    async def send_message(self, message: Message) -> None:
        """Send a subscription message. MessageRefusedError says whether and what to mend."""
        ...

    async def mini_code(self, code: MiniCode) -> bytes:
        """Return an image: a PNG, or the JPEG that some hosts make instead; its first bytes tell."""
        ...

    async def launch(self, launch: Launch, query: Mapping[str, str]) -> Launch:
        """Complete a launch for this host, ``query`` added and encoded once."""
        ...


class Payments(Protocol):
    """The half of a Channel that moves money, for a host whose money is a product of its own."""

    async def prepay(self, order: Order) -> Mapping[str, str]: ...

    async def query(self, number: str) -> Payment: ...

    async def close(self, number: str) -> None: ...

    async def refund(self, number: str, order: Payment, amount: Fen, reason: str) -> Refund: ...

    async def query_refund(self, number: str, order: Payment) -> Refund: ...

    async def bill(self, day: date) -> Bill: ...

    def read_callback(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Callback: ...
