"""The file of services that take appointments, offices and their hours, as YAML or JSON: read strictly, by place.

docs/appointments.md describes it; ``loading`` makes rows of it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from flows.appointments.hours import WEEKDAYS
from flows.appointments.papers.questions import Question
from flows.appointments.tables import CHANNELS, Days, ResourceKind
from kernel.networks import BadUrlError, split_url
from services_catalog.organisations.calendars import Span
from services_catalog.organisations.words import CODE_PATTERN
from services_catalog.strict_file import Located, defect, read_strictly, twice
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding

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
    documents_zh: list[Name] = []
    documents_en: list[Name] = []
    documents: list[Name] = []  # as ``documents_zh`` was called
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


def read_office_file(data: bytes) -> tuple[OfficeFile | None, list[Located]]:
    """Return the file, None if it has defects, and those, in the order of their lines."""
    return read_strictly(data, OfficeFile, REFERENCE, _contradictions)


def _contradictions(file: OfficeFile) -> Iterator[Finding]:
    yield from twice("/systems", [each.code for each in file.systems])
    for number, system in enumerate(file.systems):
        try:
            split_url(system.url)
        except BadUrlError as error:
            yield defect(f"/systems/{number}/url", error.message, error.fix)
    yield from twice("/services", [each.code for each in file.services])
    yield from twice("/offices", [each.code for each in file.offices])
    for number, service in enumerate(file.services):
        yield from _of_documents(service, f"/services/{number}")
        yield from _of_questions(service, f"/services/{number}/questions")
    for number, office in enumerate(file.offices):
        at = pointer("/offices", number)
        yield from twice(f"{at}/resources", [each.code for each in office.resources])
        yield from twice(f"{at}/counters", [each.code for each in office.counters])
        yield from twice(f"{at}/exceptions", [str(each.day) for each in office.exceptions])
        for place, resource in enumerate(office.resources):
            yield from _of_resource(resource, f"{at}/resources/{place}")
        for place, differs in enumerate(office.exceptions):
            yield from _hours(differs.hours, f"{at}/exceptions/{place}/hours")


def _of_documents(service: FileService, at: str) -> Iterator[Finding]:
    if service.documents and service.documents_zh:
        yield defect(f"{at}/documents", "documents_zh has them already", "Leave documents out.")
    if len(service.documents_en) not in (0, len(service.documents_zh or service.documents)):
        yield defect(f"{at}/documents_en", "they are not as many as in Chinese", "Name each one in both languages.")


def _of_questions(service: FileService, at: str) -> Iterator[Finding]:
    yield from twice(at, [each.name for each in service.questions])
    for number, question in enumerate(service.questions):
        yield from twice(f"{at}/{number}/choices", [each.value for each in question.choices])
        if (question.kind == "choice") != bool(question.choices):
            yield defect(
                f"{at}/{number}/choices", "a choice has choices, and nothing else has", "Mend kind or choices."
            )


def _of_resource(resource: FileResource, at: str) -> Iterator[Finding]:
    if resource.system and (resource.schedules or resource.buffer_minutes):
        wrong = "schedules" if resource.schedules else "buffer_minutes"
        yield defect(f"{at}/{wrong}", f"{resource.system} has the times of the resource", "Leave it to that system.")
    for number, schedule in enumerate(resource.schedules):
        here = f"{at}/schedules/{number}"
        yield from _hours([schedule.hours], f"{here}/hours")
        for unknown in sorted(set(schedule.services) - set(resource.skills)):
            yield defect(f"{here}/services", f"{unknown} is no skill of the resource", "Name it in skills, too.")
        if schedule.valid_from and schedule.valid_to and schedule.valid_to < schedule.valid_from:
            yield defect(f"{here}/valid_to", "it ends before it begins", "Exchange the two days.")
        if not sum(schedule.quota):
            yield defect(f"{here}/places", "nobody has a place", "Give one channel at least one.")
        for other, earlier in enumerate(resource.schedules[:number]):
            if _meet(schedule, earlier):
                yield defect(
                    here,
                    f"it overlaps schedule {other} of the resource, so that a time would have two",
                    "Give them other hours or days, or make a second resource.",
                )


def _meet(one: FileSchedule, other: FileSchedule) -> bool:
    """Whether two schedules may hold at one time. Where weekends are worked, what begins first is served."""
    both = {*_weekdays(one)} & {*_weekdays(other)}
    apart = (one.valid_to or date.max) < (other.valid_from or date.min) or (other.valid_to or date.max) < (
        one.valid_from or date.min
    )
    return bool(both) and not apart and one.span.begin < other.span.end and other.span.begin < one.span.end


def _weekdays(schedule: FileSchedule) -> list[str]:
    return [name for each in schedule.days for name in (WEEKDAYS[:5] if each == "working" else (each,))]


def _hours(hours: Sequence[str], at: str) -> Iterator[Finding]:
    spans = [span_of(each) for each in hours]
    for span in spans:
        if span.end <= span.begin:
            yield defect(at, "hours end before they begin", "Write two spans if they go over midnight.")
    if any(later.begin < earlier.end for earlier, later in pairwise(sorted(spans))):
        yield defect(at, "hours overlap", "Write them apart from each other.")
