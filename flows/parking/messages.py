"""The outbox messages of parking."""

from uuid import UUID

from msgspec import Struct

SETTLE = "parking.settle"
ORDER_CHANGED = "parking.order_changed"


class SessionNamed(Struct, frozen=True):
    """A session that has ended with something owed, or with more paid than it cost."""

    session_id: UUID
