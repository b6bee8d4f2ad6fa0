"""The outbox messages of payments, and how whoever ordered hears of changes."""

from uuid import UUID

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.payments.tables import PaymentOrder
from kernel.clock import Clock
from kernel.outbox import send

QUERY = "payments.query"
REFUND = "payments.refund"
EXPIRE = "payments.expire"


class OrderChanged(Struct, frozen=True):
    """What an order's ``hears`` is sent: it is paid, closed, or something of it goes back. Its row says which."""

    order_id: UUID


class OrderNamed(Struct, frozen=True):
    """An order whose time may be over."""

    order_id: UUID


class AttemptNamed(Struct, frozen=True):
    """An attempt to ask the host about. ``goes_on``: ask again later until it is final; each attempt has one such."""

    number: str
    goes_on: bool = False


class RefundNamed(Struct, frozen=True):
    """A refund to move on. ``goes_on`` as of an attempt. ``refusals``: how often the host has refused it so far."""

    number: str
    goes_on: bool = False
    refusals: int = 0


def tell(session: AsyncSession, clock: Clock, order: PaymentOrder) -> None:
    """Tell whoever ordered, in the transaction of the change."""
    if order.hears:
        send(session, clock, order.hears, OrderChanged(order.id))
