"""The rows of what people are told of pick-ups."""

from typing import Literal
from uuid import UUID

from sqlalchemy import Index, String
from sqlmodel import Field

import flows.pickups.tables  # noqa: F401 - rows here refer to pick-ups
from flows.notices.tables import Notice

Kind = Literal["ready"]


class PickupNotice(Notice, table=True):
    """What somebody is told of a pick-up, once a kind; it goes with the pick-up."""

    __tablename__ = "pickup_notice"
    __table_args__ = (Index("pickup_notice_once", "pickup_id", "kind", unique=True),)

    pickup_id: UUID = Field(foreign_key="pickup.id", ondelete="CASCADE")
    kind: Kind = Field(sa_type=String)
