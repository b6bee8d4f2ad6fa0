"""The history of a case: everything that happened to it, wherever its times were moved to, and by which door."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.appointments.booking_tables import Booking, BookingEvent
from flows.appointments.tables import AppointmentOffice

HOTLINE = "hotline"
_APPS = {
    "wechat": ("微信", "WeChat"),
    "alipay": ("支付宝", "Alipay"),
    "baidu": ("百度", "Baidu"),
    "web": ("网页", "web"),
}


class Words(Struct, frozen=True):
    """A text in both languages."""

    zh: str
    en: str


class Step(Struct, frozen=True, rename="camel"):
    """Something that happened, as ``states`` has it; ``move`` is what was booked in place of another.

    ``starts_at``: the time that was booked. ``note``: the id of what was noted, ``text`` for staff what that says. No
    step names anybody of staff.
    """

    at: datetime
    event: str
    by: Words
    starts_at: datetime | None = None
    reason: str = ""
    note: UUID | None = None
    text: str = ""


def app(channel: str) -> str:
    """The door of a resident's own app."""
    return f"app:{channel}"


def counter(office: str) -> str:
    """The door of an office's counters."""
    return f"counter:{office}"


async def past_of(session: AsyncSession, case_id: UUID) -> list[Step]:
    """Return every step of a case, the first one first."""
    of = select(BookingEvent, Booking).join(Booking, col(Booking.id) == col(BookingEvent.booking_id))
    rows = (await session.exec(of.where(Booking.uid == case_id))).all()
    rows = sorted(rows, key=lambda each: (each[0].at, each[0].id))
    named = {_office(_door(event, booking)) for event, booking in rows} - {""}
    offices = (await session.exec(select(AppointmentOffice).where(col(AppointmentOffice.code).in_(named)))).all()
    known = {each.code: each for each in offices}
    return [_step(event, booking, known) for event, booking in rows if event.event != "reschedule"]


def _step(event: BookingEvent, booking: Booking, offices: Mapping[str, AppointmentOffice]) -> Step:
    is_booked = event.event == "confirm"
    note = event.details.get("note")
    return Step(
        at=event.at,
        event="move" if is_booked and booking.replaces else event.event,
        by=_words(_door(event, booking), offices),
        starts_at=booking.starts_at if is_booked else None,
        reason=event.details.get("reason", ""),
        note=UUID(note) if note else None,
    )


def _door(event: BookingEvent, booking: Booking) -> str:
    """By which door: as it was noted, else as the actor says it; staff without a word stood at a counter."""
    kind, _, _ = event.actor.partition(":")
    unsaid = {"account": "app", "credential": counter(booking.office), "operator": "office"}
    return str(event.details.get("door") or unsaid.get(kind, "system"))


def _office(door: str) -> str:
    kind, _, name = door.partition(":")
    return name if kind == "counter" else ""


def _words(door: str, offices: Mapping[str, AppointmentOffice]) -> Words:
    kind, _, name = door.partition(":")
    match kind:
        case "app":
            zh, en = _APPS.get(name, ("", ""))
            return Words(f"本人（{zh}）", f"the resident ({en})") if zh else Words("本人", "the resident")
        case "counter":
            office = offices.get(name)
            zh, en = (office.name_zh, office.name_en or office.name_zh) if office else (name, name)
            return Words(f"{zh}柜台", f"a counter of {en}")
        case "hotline":
            return Words("热线", "the hotline")
        case "office":
            return Words("办事机构", "the office")
    return Words("系统", "the system")
