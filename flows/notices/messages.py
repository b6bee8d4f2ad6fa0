"""The arguments of flows' outbox messages about notices."""

from uuid import UUID

from msgspec import Struct


class NoticeNamed(Struct, frozen=True):
    """A notice that somebody is to be told."""

    notice_id: UUID
