"""Whom to tell what of an appointment, once a kind and occasion; ``telling`` takes it to them.

Whoever staff booked for without an account is told, too, by the telephone in the case's papers; a notice does not have
that number, so that it is forgotten with the papers.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlmodel import select

from auth.accounts.merging import parts_of
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.messages import NOTICE
from flows.appointments.notice_tables import ONLY_APPS, AppointmentNotice, Kind
from flows.appointments.papers.tables import CasePapers
from flows.appointments.persons import account_by_index, accounts_named
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


class _Holder(NamedTuple):
    """Whose a booking is. ``by_phone``: of nobody who has an account, but papers say who it is."""

    account_id: UUID | None
    by_phone: bool = False


async def notify(
    deps: Deps, row: Noticed, kind: Kind, occasion: str = "", to: UUID | None = None, **values: str | datetime
) -> None:
    """Tell ``to``, or else whose it is, in this transaction: the same kind and occasion again is told once.

    Of what only apps tell nobody is told who has no account.

    ``occasion`` tells apart what may happen more than once to one booking. ``values``: ``code``, ``reason``, ``number``
    and ``counter`` for messages that say them, ``until`` when it is too late to tell it.
    """
    await _tell(deps, row, kind, occasion, _Holder(to) if to else await _holder(deps, row), values)


async def _tell(  # noqa: PLR0917 - all that a notice is of
    deps: Deps, row: Noticed, kind: Kind, occasion: str, whose: _Holder, values: Mapping[str, str | datetime]
) -> None:
    if whose.account_id is None and kind in ONLY_APPS:
        return
    said = {
        "about": row.id,
        "account_id": whose.account_id,
        "kind": kind,
        "occasion": occasion,
        "service": row.service,
        "office": row.office,
        "starts_at": row.starts_at,
        "details": {name: each if isinstance(each, str) else each.isoformat() for name, each in values.items()},
    }
    await write(deps.session, deps.clock, _KEPT, said, _DELAYS.get(kind, timedelta(0)), by_phone=whose.by_phone)


async def notify_everybody(
    deps: Deps, row: Booking, kind: Kind, actor: str = "", *, occasion: str = "", **values: str
) -> None:
    """Tell whose a booking is and, of others who come or were to, those with accounts, but whoever did it; once."""
    whose = await _holder(deps, row)
    own = await parts_of(deps.session, whose.account_id) if whose.account_id else ()
    whom = [_Holder(each) for each in await accounts_named(deps.session, row.id, own)]
    if actor not in {f"account:{each}" for each in own} and (own or whose.by_phone or not whom):
        whom.append(whose)
    for each in whom:
        if actor != f"account:{each.account_id}":
            await _tell(deps, row, kind, occasion, each, values)


async def notify_named(deps: Deps, row: Booking, former: Booking | None, actor: str) -> None:
    """Tell those whom a new booking names, and of what it was moved from those whom it no longer does.

    Whoever has booked is told if somebody else has moved it.
    """
    whose = await _holder(deps, row)
    own = await parts_of(deps.session, whose.account_id) if whose.account_id else ()
    before = set(await accounts_named(deps.session, former.id, own)) if former else set()
    named = await accounts_named(deps.session, row.id, own)
    for each in named:
        await notify(deps, row, "moved" if each in before else "companion", "", each, code=row.code)
    if former is None:
        return
    for each in before.difference(named):
        await notify(deps, former, "cancelled", "", each)
    if (whose.account_id or whose.by_phone) and not actor.startswith("account:"):
        await _tell(deps, row, "moved", "", whose, {"code": row.code})


async def _holder(deps: Deps, row: Noticed) -> _Holder:
    """Say whose it is; what staff booked for an ID number is of the account that has proven it since."""
    if row.account_id is not None or not isinstance(row, Booking):
        return _Holder(row.account_id)
    index = (await deps.session.exec(select(CasePapers.person).where(CasePapers.case_id == row.uid))).first()
    if index is None:
        return _Holder(None)
    account_id = await account_by_index(deps.session, index)
    return _Holder(account_id, by_phone=account_id is None)
