"""The office file read strictly: all that is wrong with it by itself, at once, each with its place. Pure.

What only the database knows is for ``office_checks``. Both look also at a file that has defects, in which what cannot
be read is None (``strict_reading.partly``), whatever its type says.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from flows.appointments.hours import WEEKDAYS
from flows.appointments.office_file import (
    REFERENCE,
    FileException,
    FileResource,
    FileSchedule,
    FileService,
    OfficeFile,
    span_of,
)
from kernel.control_characters import has_control
from kernel.networks import BadUrlError, split_url
from services_catalog.strict_file import defect, read_partly, twice
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding


def read_office_file(data: bytes) -> tuple[OfficeFile | None, list[Finding]]:
    """Return the file and its defects. With any it is what can be read of it; None: it is no YAML."""
    part, findings = read_partly(data, OfficeFile, REFERENCE)
    return part, [*findings, *(_contradictions(part) if part else ()), *_controls(part, "")]


def _controls(value: Any, at: str) -> Iterator[Finding]:
    """Yield the texts that are more than a line, or nothing that can be stored."""
    if isinstance(value, str) and has_control(value):
        yield defect(at, "the text has control characters, such as a line break", "Write one line without them.")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _controls(each, pointer(at, place))
    elif isinstance(value, Struct):
        for field in fields(value):
            yield from _controls(getattr(value, field.name), pointer(at, field.encode_name))


def _contradictions(file: OfficeFile) -> Iterator[Finding]:
    yield from twice("/systems", [each.code for each in file.systems])
    for number, system in enumerate(file.systems):
        yield from _of_url(system.url, f"/systems/{number}/url")
    yield from twice("/services", [each.code for each in file.services])
    yield from twice("/offices", [each.code for each in file.offices])
    for number, service in enumerate(file.services):
        yield from _of_documents(service, f"/services/{number}")
        yield from _of_questions(service, f"/services/{number}/questions")
    for number, office in enumerate(file.offices):
        at = pointer("/offices", number)
        yield from twice(f"{at}/resources", [each.code for each in office.resources])
        yield from twice(f"{at}/counters", [each.code for each in office.counters])
        yield from twice(f"{at}/exceptions", [str(each.day or "") for each in office.exceptions])
        for place, resource in enumerate(office.resources):
            yield from _of_resource(resource, f"{at}/resources/{place}")
        for place, differs in enumerate(office.exceptions):
            yield from _of_exception(differs, f"{at}/exceptions/{place}/hours")


def _of_exception(differs: FileException, at: str) -> Iterator[Finding]:
    yield from _hours(differs.hours, at)
    if differs.withdrawn and differs.hours:
        fix = "Leave hours out, or load the file with withdrawn and then once more with hours instead."
        yield defect(at, "a day whose exception is withdrawn has no hours of its own", fix)


def _of_url(url: str, at: str) -> Iterator[Finding]:
    try:
        split_url(url or "https://unread.example")
    except BadUrlError as error:
        yield defect(at, error.message, error.fix)


def _of_documents(service: FileService, at: str) -> Iterator[Finding]:
    zh, en = service.documents_zh or service.documents or [], service.documents_en or []
    if service.documents and service.documents_zh:
        yield defect(f"{at}/documents", "documents_zh has them already", "Leave documents out.")
    if len(en) not in (0, len(zh)):
        yield defect(f"{at}/documents_en", "they are not as many as in Chinese", "Name each one in both languages.")


def _of_questions(service: FileService, at: str) -> Iterator[Finding]:
    yield from twice(at, [each.name for each in service.questions])
    for number, question in enumerate(service.questions):
        yield from twice(f"{at}/{number}/choices", [each.value for each in question.choices])
        if question.kind and (question.kind == "choice") != bool(question.choices):
            wrong, fix = "a choice has choices, and nothing else has", "Mend kind or choices."
            yield defect(f"{at}/{number}/choices", wrong, fix)


def _of_resource(resource: FileResource, at: str) -> Iterator[Finding]:
    if resource.system and (resource.schedules or resource.buffer_minutes):
        wrong = "schedules" if resource.schedules else "buffer_minutes"
        yield defect(f"{at}/{wrong}", f"{resource.system} has the times of the resource", "Leave it to that system.")
    for number, schedule in enumerate(resource.schedules):
        here = f"{at}/schedules/{number}"
        yield from _hours([schedule.hours], f"{here}/hours")
        for unknown in sorted(set(schedule.services or ()) - set(resource.skills or schedule.services or ())):
            yield defect(f"{here}/services", f"{unknown} is no skill of the resource", "Name it in skills, too.")
        if schedule.valid_from and schedule.valid_to and schedule.valid_to < schedule.valid_from:
            yield defect(f"{here}/valid_to", "it ends before it begins", "Exchange the two days.")
        if schedule.places and not sum(schedule.quota):
            yield defect(f"{here}/places", "nobody has a place", "Give one channel at least one.")
        for other, earlier in enumerate(resource.schedules[:number]):
            if _meet(schedule, earlier):
                yield defect(
                    here,
                    f"it overlaps schedule {other + 1} of the resource, so that a time would have two",
                    "Give them other hours or days, or make a second resource.",
                )


def _meet(one: FileSchedule, other: FileSchedule) -> bool:
    """Whether two schedules may hold at one time. Where weekends are worked, what begins first is served."""
    both = {*_weekdays(one)} & {*_weekdays(other)}
    apart = (one.valid_to or date.max) < (other.valid_from or date.min) or (other.valid_to or date.max) < (
        one.valid_from or date.min
    )
    if not both or apart or not one.hours or not other.hours:
        return False
    return one.span.begin < other.span.end and other.span.begin < one.span.end


def _weekdays(schedule: FileSchedule) -> list[str]:
    return [name for each in schedule.days or () for name in (WEEKDAYS[:5] if each == "working" else (each,))]


def _hours(hours: Sequence[str] | None, at: str) -> Iterator[Finding]:
    spans = [span_of(each) for each in hours or () if each]
    for span in spans:
        if span.end <= span.begin:
            yield defect(at, "hours end before they begin", "Write two spans if they go over midnight.")
    if any(later.begin < earlier.end for earlier, later in pairwise(sorted(spans))):
        yield defect(at, "hours overlap", "Write them apart from each other.")
