"""What stands in the file of services that take appointments, offices and their hours, as YAML or JSON.

docs/appointments.md describes it, ``office_reading`` reads it, ``loading`` makes rows of it.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from flows.appointments.papers.questions import Question
from flows.appointments.tables import CHANNELS, Days, ResourceKind
from services_catalog.organisations.calendars import Span
from services_catalog.organisations.words import CODE_PATTERN

REFERENCE = "docs/appointments.md describes the file."
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Code = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,49}$", description="Write 2 to 50 lower case letters, digits and hyphens.")
]
Time = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Write a time such as 09:00.")]
Hours = Annotated[
    str,
    Meta(
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="Write hours such as 09:00-12:00.",
    ),
]
_Minutes = Annotated[int, Meta(ge=1, le=1440)]
_Pause = Annotated[int, Meta(ge=0, le=40_320)]
_Places = Annotated[int, Meta(ge=0, le=1000)]
_Latitude = Annotated[float, Meta(ge=-90, le=90, description="Write degrees of WGS 84.")]
_Longitude = Annotated[float, Meta(ge=-180, le=180, description="Write degrees of WGS 84.")]


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class FileSystem(_Strict, frozen=True, kw_only=True):
    """A department's own booking system (``BookingSystem``); docs/appointment_systems.md is what it does."""

    code: Code
    department: Name
    url: Annotated[str, Meta(max_length=500)]
    closed: bool = False


class FileService(_Strict, frozen=True, kw_only=True):
    """What people come for (``AppointmentService``)."""

    code: Code
    department: Name
    name_zh: Name
    name_en: str = ""
    letter: Annotated[str, Meta(pattern="^[A-Z]$", description="Write one letter from A to Z.")]
    minutes: _Minutes
    further_minutes: Annotated[int, Meta(ge=0, le=1440)] = 0
    people: Annotated[int, Meta(ge=1, le=20)] = 1
    names_all: bool = False
    level: Literal["L1", "L2", "L3"] = "L1"
    days: Annotated[int, Meta(ge=1, le=180)] = 14
    release: Time = "09:00"
    lead_minutes: _Pause = 60
    cancel_minutes: _Pause = 120
    remind_minutes: _Pause = 1440
    draw_seconds: Annotated[int, Meta(ge=0, le=600)] = 0
    hold_minutes: Annotated[int, Meta(ge=1, le=60)] = 5
    most_active: Annotated[int, Meta(ge=1, le=20)] = 1
    counts_no_shows: bool = True
    documents: list[Name] = []
    questions: Annotated[list[Question], Meta(max_length=30)] = []
    closed: bool = False


class FileSchedule(_Strict, frozen=True, kw_only=True):
    """Hours of a resource. ``services``: which of its skills they are for; none: all."""

    days: Annotated[list[Days], Meta(min_length=1)]
    hours: Hours
    places: Annotated[
        dict[Literal["public", "hotline", "counter", "priority"], _Places],
        Meta(
            min_length=1, description="Write how many places of a time each of public, hotline, counter, priority has."
        ),
    ]
    services: list[Code] = []
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def span(self) -> Span:
        return span_of(self.hours)

    @property
    def quota(self) -> list[int]:
        return [self.places.get(each, 0) for each in CHANNELS]


class FileResource(_Strict, frozen=True, kw_only=True):
    """A window, an officer or a room, or several alike. ``system``: the department's own, which has its times."""

    code: Code
    kind: ResourceKind = "window"
    name_zh: Name
    name_en: str = ""
    slot_minutes: Annotated[int, Meta(ge=1, le=480)]
    buffer_minutes: Annotated[int, Meta(ge=0, le=480)] = 0
    skills: Annotated[list[Code], Meta(min_length=1)]
    system: Code | None = None
    schedules: list[FileSchedule] = []
    closed: bool = False


class FileCounter(_Strict, frozen=True, kw_only=True):
    """Where people are called to. ``services``: what it serves; none: all of the office."""

    code: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9][A-Za-z0-9-]{0,9}$",
            description="Write up to ten letters, digits and hyphens, such as 1: it is shown large.",
        ),
    ]
    name_zh: Name
    name_en: str = ""
    services: list[Code] = []
    closed: bool = False


class FileException(_Strict, frozen=True, kw_only=True):
    """A day that differs: served only within ``hours``; without any the office is closed. ``withdrawn``: no more."""

    day: Annotated[date, Meta(description="Write a day such as 2027-01-01.")]
    hours: list[Hours] = []
    note: str = ""
    withdrawn: bool = False


class FileOffice(_Strict, frozen=True, kw_only=True):
    """Where people come. Its days and zone are those of its organisation's duty calendar."""

    code: Code
    organisation: Annotated[str, Meta(pattern=f"^{CODE_PATTERN}$", description="Write the code of an organisation.")]
    name_zh: Name
    name_en: str = ""
    address_zh: str = ""
    address_en: str = ""
    phone: Annotated[
        str,
        Meta(
            pattern=r"^(\+?[0-9][0-9 -]{1,14}[0-9])?$",
            description="Write a number such as 0190-12345001, of 17 characters at the most.",
        ),
    ] = ""
    latitude: _Latitude
    longitude: _Longitude
    resources: list[FileResource] = []
    counters: list[FileCounter] = []
    exceptions: list[FileException] = []
    closed: bool = False


class OfficeFile(_Strict, frozen=True, kw_only=True):
    """All of it."""

    systems: list[FileSystem] = []
    services: list[FileService] = []
    offices: list[FileOffice] = []


def minute_of(time: str) -> int:
    """Return the minute of the day that a time such as 09:30 names."""
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)


def span_of(hours: str) -> Span:
    """Return hours such as 09:00-12:00."""
    begin, _, end = hours.partition("-")
    return Span(minute_of(begin), minute_of(end))
