"""The outbox messages of parking."""

from uuid import UUID

from msgspec import Struct

from adapters.parking import ProductKind

SETTLE = "parking.settle"
ANNOUNCE = "parking.announce"
TELL_HOST = "parking.tell_host"
CHARGE = "parking.charge"
AGREEMENT = "parking.agreement"
ORDER_CHANGED = "parking.order_changed"
NOTICE = "parking.notice"


class SessionNamed(Struct, frozen=True):
    """A session that has ended with something owed, or with more paid than it cost."""

    session_id: UUID


class StayNamed(Struct, frozen=True):
    """A session that hosts are to hear of. ``color`` of its plate as the camera saw it, or empty."""

    session_id: UUID
    color: str


class HostNamed(Struct, frozen=True):
    """Which product of an app is to hear of which session."""

    stay: StayNamed
    app_id: str
    product: ProductKind


class DebitOrdered(Struct, frozen=True):
    """An order that is to be debited for a session that has ended. ``color`` as of a stay."""

    order_id: UUID
    color: str


class MandateNamed(Struct, frozen=True):
    """A mandate that its host has not confirmed yet; how often the host was asked."""

    mandate_id: UUID
    asked: int = 0
