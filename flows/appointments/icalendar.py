"""An appointment for the calendar of whoever comes: iCalendar (RFC 5545) as iTIP messages (RFC 5546). Pure.

Its UID stays when it is moved, and SEQUENCE rises with each change. Times are in UTC, which every calendar shows in its
own zone: to name the office's zone would take that zone's rules along.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from kernel.version import __version__

_LINE_BYTES = 75  # RFC 5545 section 3.1, without the line break
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_ALARM = timedelta(days=1)


class Entry(Struct, frozen=True):
    """What stands in the calendar. ``url``: the platform's own address, as the organiser's name."""

    uid: UUID
    sequence: int
    is_cancelled: bool
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    latitude: float
    longitude: float
    organiser: str
    url: str


def written(entry: Entry) -> str:
    """Return the calendar object, to be added, or taken back if the appointment is cancelled."""
    return "".join(f"{folded}\r\n" for line in _lines(entry) for folded in _folded(line))


def _lines(entry: Entry) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//Yiwang//Yiwang {__version__}//ZH")
    yield f"METHOD:{'CANCEL' if entry.is_cancelled else 'REQUEST'}"
    yield from ("BEGIN:VEVENT", f"UID:{entry.uid}", f"SEQUENCE:{entry.sequence}", f"DTSTAMP:{_utc(entry.changed_at)}")
    yield f"DTSTART:{_utc(entry.starts_at)}"
    yield f"DTEND:{_utc(entry.ends_at)}"
    yield f"STATUS:{'CANCELLED' if entry.is_cancelled else 'CONFIRMED'}"
    yield f"SUMMARY:{_text(entry.summary)}"
    yield f"LOCATION:{_text(entry.location)}"
    yield f"GEO:{entry.latitude:.6f};{entry.longitude:.6f}"
    yield f"DESCRIPTION:{_text(entry.description)}"
    yield f'ORGANIZER;CN="{_quoted(entry.organiser)}":{entry.url}'
    yield f"ATTENDEE;PARTSTAT=ACCEPTED:urn:uuid:{entry.uid}"  # nobody's name or number
    if not entry.is_cancelled:
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:-P{_ALARM.days}D")
        yield from (f"DESCRIPTION:{_text(entry.summary)}", "END:VALARM")
    yield from ("END:VEVENT", "END:VCALENDAR")


def _folded(line: str) -> Iterator[str]:
    """Split what is longer than a line may be, between characters; what follows begins with a space."""
    part = ""
    for character in line:
        if len((part + character).encode()) > _LINE_BYTES:
            yield part
            part = " "
        part += character
    yield part


def _text(value: str) -> str:
    return value.translate(_ESCAPED)


def _quoted(value: str) -> str:
    """A parameter's value has neither quotes nor line breaks (section 3.2)."""
    return value.replace('"', "'").replace("\n", " ").replace("\r", "")


def _utc(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"
