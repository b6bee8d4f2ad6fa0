"""Whom to tell what of an appointment, once a kind and occasion; ``telling`` takes it to them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from auth.accounts.merging import parts_of
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.messages import NOTICE
from flows.appointments.notice_tables import AppointmentNotice, Kind
from flows.appointments.persons import accounts_named
from flows.notices.writing import Kept, write

_KEPT = Kept(AppointmentNotice, NOTICE, "no account is known: the office tells them")
_DELAYS: Mapping[Kind, timedelta] = {"conflict": timedelta(minutes=5)}
"""The office may decide at once, and then only that is told."""


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
    await write(deps.session, deps.clock, _KEPT, said, _DELAYS.get(kind, timedelta(0)))


async def notify_everybody(
    deps: Deps, row: Booking, kind: Kind, actor: str = "", *, occasion: str = "", **values: str
) -> None:
    """Tell all who come to a booking, or were to, and have accounts, but whoever did it; once a kind and occasion."""
    own = await parts_of(deps.session, row.account_id) if row.account_id else ()
    whom: list[UUID | None] = [*await accounts_named(deps.session, row.id, own)]
    if actor not in {f"account:{each}" for each in own} and (own or not whom):
        whom.append(row.account_id)
    for each in whom:
        if actor != f"account:{each}":
            await notify(deps, row, kind, occasion, each, **values)


async def notify_named(deps: Deps, row: Booking, former: Booking | None, actor: str) -> None:
    """Tell those whom a new booking names, and of what it was moved from those whom it no longer does.

    Whoever has booked is told if somebody else has moved it.
    """
    own = await parts_of(deps.session, row.account_id) if row.account_id else ()
    before = set(await accounts_named(deps.session, former.id, own)) if former else set()
    named = await accounts_named(deps.session, row.id, own)
    for each in named:
        await notify(deps, row, "moved" if each in before else "companion", "", each, code=row.code)
    if former is None:
        return
    for each in before.difference(named):
        await notify(deps, former, "cancelled", "", each)
    if row.account_id and not actor.startswith("account:"):
        await notify(deps, row, "moved", code=row.code)
