"""The outbox messages of parking."""

from uuid import UUID

from msgspec import Struct

SETTLE = "parking.settle"
ORDER_CHANGED = "parking.order_changed"
NOTICE = "parking.notice"


class SessionNamed(Struct, frozen=True):
    """A session that has ended with something owed, or with more paid than it cost."""

    session_id: UUID


class NoticeNamed(Struct, frozen=True):
    """A notice that somebody is to be told."""

    notice_id: UUID
