"""Whom to tell what of an appointment, once a kind and occasion; ``telling`` takes it to them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from flows.appointments.deps import Deps
from flows.appointments.messages import NOTICE
from flows.appointments.notice_tables import AppointmentNotice, Kind
from flows.notices.writing import write


class Noticed(Protocol):
    """What somebody is told of: a booking, or a time that the waitlist offers."""

    @property
    def id(self) -> UUID: ...
    @property
    def account_id(self) -> UUID | None: ...
    @property
    def service(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...


async def notify(
    deps: Deps, row: Noticed, kind: Kind, occasion: str = "", to: UUID | None = None, **values: str | datetime
) -> None:
    """Tell ``to``, or else whose it is, in this transaction: the same kind and occasion again is told once.

    ``occasion`` tells apart what may happen more than once to one booking. ``values``: ``code``, ``reason``, ``number``
    and ``counter`` for messages that say them, ``until`` when it is too late to tell it.
    """
    said = {
        "about": row.id,
        "account_id": to or row.account_id,
        "kind": kind,
        "occasion": occasion,
        "service": row.service,
        "office": row.office,
        "starts_at": row.starts_at,
        "details": {name: each if isinstance(each, str) else each.isoformat() for name, each in values.items()},
    }
    nobody = "no account is known: the office tells them"
    await write(deps.session, deps.clock, AppointmentNotice, NOTICE, said, nobody=nobody)
