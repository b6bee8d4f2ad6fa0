"""Appointments in calendars: read by an independent parser, in their own line length, moved and taken back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
from msgspec.structs import replace

from flows.appointments.calendar_entries import entry_of, latest_of
from flows.appointments.icalendar import Entry, written
from tests.appointments.hall import Hall, on

ENTRY = Entry(
    uid=UUID(int=7),
    sequence=2,
    is_cancelled=False,
    changed_at=datetime(2026, 11, 30, 2, tzinfo=UTC),
    starts_at=datetime(2026, 12, 1, 1, tzinfo=UTC),
    ends_at=datetime(2026, 12, 1, 1, 30, tzinfo=UTC),
    summary="结婚登记; 第一次, 很长的名字" * 4,
    location="婚姻登记处, 云津东路18号",
    description="Code: ABCD2345\\n\nBring: 身份证, 户口簿",
    latitude=31.2,
    longitude=121.4,
    organiser='民政局 "本部"',
    url="https://id.example",
)


@pytest.mark.case("AP-11")
def test_an_independent_parser_reads_what_was_meant() -> None:
    text = written(ENTRY)
    read = icalendar.Calendar.from_ical(text)
    [event] = read.walk("VEVENT")
    assert (read["METHOD"], event["STATUS"], event["UID"], event["SEQUENCE"]) == (
        "REQUEST", "CONFIRMED", str(ENTRY.uid), 2,
    )  # fmt: skip
    assert (event["SUMMARY"], event["LOCATION"], event["DESCRIPTION"]) == (
        ENTRY.summary, ENTRY.location, ENTRY.description,
    )  # fmt: skip
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (ENTRY.starts_at, ENTRY.ends_at)
    assert event["ORGANIZER"].params["CN"] == "民政局 '本部'"
    [alarm] = read.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(days=-1)
    lines = text.split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 75
    assert not any("\n" in line for line in lines)


@pytest.mark.case("AP-14")
def test_who_is_abroad_sees_it_in_their_own_zone() -> None:
    [event] = icalendar.Calendar.from_ical(written(ENTRY)).walk("VEVENT")
    starts = event.decoded("DTSTART")
    assert starts.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%H:%M") == "09:00"
    assert starts.astimezone(ZoneInfo("America/New_York")).strftime("%d %H:%M") == "30 20:00"
    summer = replace(ENTRY, starts_at=datetime(2027, 7, 1, 1, tzinfo=UTC))
    [event] = icalendar.Calendar.from_ical(written(summer)).walk("VEVENT")
    assert event.decoded("DTSTART").astimezone(ZoneInfo("America/New_York")).strftime("%d %H:%M") == "30 21:00"


def test_what_is_cancelled_takes_its_entry_back() -> None:
    read = icalendar.Calendar.from_ical(written(replace(ENTRY, is_cancelled=True)))
    [event] = read.walk("VEVENT")
    assert (read["METHOD"], event["STATUS"], event["UID"]) == ("CANCEL", "CANCELLED", str(ENTRY.uid))
    assert read.walk("VALARM") == []


async def test_it_keeps_its_uid_while_it_is_moved_and_cancelled(hall: Hall) -> None:
    one, of = await hall.resident(), await hall.wanted()
    first = await hall.book(one, on("12-01", "09:00"))
    moved = await hall.confirm(one, await hall.hold(one, on("12-01", "10:00")), replaced=first.id)
    again = await hall.confirm(one, await hall.hold(one, on("12-02", "10:00")), replaced=moved.id)
    await hall.cancel(one, again.id)
    async with hall.database.session() as session:
        latest = [await latest_of(session, each) for each in (first, moved, again)]
    assert {each.id for each in latest} == {again.id}
    entry = entry_of(of, latest[0], "https://id.example")
    assert (entry.uid, entry.sequence, entry.is_cancelled) == (first.id, 3, True)
    assert "电话 / Telephone: 0190-1234 5001" in entry.description.splitlines()
