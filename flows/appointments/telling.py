"""What a notice of an appointment says when it is told, and whether it still has to be; ``flows.notices`` tells it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.apps import OpenApps
from adapters.templates import MessageName, Value
from flows.appointments.booking_tables import Booking
from flows.appointments.deps import Deps
from flows.appointments.notice_tables import ONLY_APPS, AppointmentNotice, Kind
from flows.appointments.papers.keeping import papers_of
from flows.appointments.persons import account_by_index
from flows.appointments.states import ACTIVE, State
from flows.appointments.tables import AppointmentOffice, AppointmentService
from flows.notices.telling import LINE, NONE, Said, Teller, shown_time, skip, waiting
from flows.notices.telling import tell as say
from kernel.crypto.fields import FieldCipher


class _Kind(NamedTuple):
    message: MessageName
    what: str  # up to 20 characters, as residents read it
    while_: tuple[State, ...] = ()  # a booking stands so; in any case if none
    by_phone: str = ""  # in place of ``what`` to who has no account: whom to turn to


_KINDS: Mapping[Kind, _Kind] = {
    "reminder": _Kind("appointment_reminder", "预约提醒，请按时到场", ("confirmed",)),
    "conflict": _Kind(
        "appointment_conflict",
        "办事时间有变，请等通知或改约",
        ("conflict",),
        by_phone="办事时间有变，改约请拨热线或到柜台",
    ),
    "kept": _Kind("appointment_kept", "预约照常，请按时到场", ("confirmed",)),
    "office_cancelled": _Kind(
        "appointment_office_cancelled",
        "预约被取消，14天内可优先改约",
        by_phone="已取消，14天内可优先，请拨热线或到柜台",
    ),
    "companion": _Kind("appointment_companion", "有人预约时登记了您同行", (*ACTIVE,)),
    "moved": _Kind("appointment_moved", "预约已改期，请留意新时间", (*ACTIVE,)),
    "cancelled": _Kind("appointment_cancelled", "预约已取消"),
    "companion_left": _Kind(
        "appointment_companion_left",
        "同行人已退出，请重新确认",
        (*ACTIVE,),
        by_phone="同行人已退出，请拨热线或到柜台",
    ),
    "offer": _Kind("appointment_offer", "候补有位，请尽快确认"),
    "called": _Kind("appointment_called", "请到窗口办理", ("called",)),
}


async def tell(deps: Deps, cipher: FieldCipher, apps: OpenApps, notice_id: UUID) -> None:
    """Tell a notice unless it was told, or is needless by now. Raises what a host fails with for a while."""
    notice = await waiting(deps.session, AppointmentNotice, notice_id)
    if notice is None:
        return
    kind = _KINDS[notice.kind]
    if why := await _needless(deps, notice, kind):
        skip(notice, why)
        return
    phone = await _phone(deps, cipher, notice)
    teller = Teller(deps.session, deps.clock, cipher, apps, only_apps=notice.kind in ONLY_APPS, phone=phone)
    await say(teller, notice, Said(kind.message, await _values(deps, notice, kind)))


async def _needless(deps: Deps, notice: AppointmentNotice, kind: _Kind) -> str:
    until = notice.details.get("until")
    if until is not None and datetime.fromisoformat(until) <= deps.clock.now():
        return "it was too late"
    if not kind.while_:
        return ""
    row = await deps.session.get_one(Booking, notice.about)
    if row.state not in kind.while_:
        return f"it is {row.state} by now"
    return "it was too late" if row.starts_at <= deps.clock.now() and notice.kind not in ONLY_APPS else ""


async def _phone(deps: Deps, cipher: FieldCipher, notice: AppointmentNotice) -> str:
    """Return the telephone of whom staff booked for, as long as papers have it; that is no companion's."""
    row = await deps.session.get(Booking, notice.about)
    if row is None or row.account_id is not None:
        return ""
    bearer = (await papers_of(deps.session, cipher, row.uid)).bearer
    if bearer is None or notice.account_id not in (None, await account_by_index(deps.session, bearer.index)):
        return ""
    return bearer.phone


async def _values(deps: Deps, notice: AppointmentNotice, kind: _Kind) -> Mapping[Value, str]:
    service = await deps.session.get_one(AppointmentService, notice.service)
    office = await deps.session.get_one(AppointmentOffice, notice.office)
    zone, details = ZoneInfo(office.time_zone), notice.details
    return {
        "what": (kind.by_phone if notice.account_id is None else "") or kind.what,
        "service": service.name_zh[:LINE],
        "office": office.name_zh[:LINE],
        "starts": shown_time(notice.starts_at, zone),
        "code": details.get("code", ""),
        "reason": details.get("reason", "")[:LINE],
        "number": details.get("number", ""),
        "counter": details.get("counter", ""),
        "phone": office.phone or NONE,
        "until": shown_time(datetime.fromisoformat(details["until"]), zone) if "until" in details else "",
    }
