"""FHIR's date parameters (https://hl7.org/fhir/R4/search.html#date), such as ``ge2026-12-01``. Pure.

A date is a day, in China where no zone is said; a moment to the second is that second.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from flows.appointments.fhir.errors import FhirParameterError
from kernel.clock import CHINA

Span = tuple[datetime, datetime]
"""From the first moment to the one behind the last."""

ALWAYS: Span = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
_GIVEN = re.compile(r"(eq|ge|gt|le|lt|)(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_FIX = "Write it like ge2026-12-01 or lt2026-12-01T09:00:00+08:00, with eq, ge, gt, le, lt or nothing."


def span_of(name: str, given: Iterable[str]) -> Span:
    """Return what all of a parameter's values leave. Raises FhirParameterError."""
    begin, end = ALWAYS
    for text in given:
        first, last = _span(name, text.replace(" ", "+"))  # whoever did not encode the plus of a zone
        begin, end = max(begin, first), min(end, last)
    return begin, end


def _span(name: str, text: str) -> Span:
    found = _GIVEN.fullmatch(text)
    if found is None:
        raise FhirParameterError(f"{name} is {text!r}", fix=_FIX)
    prefix, day, time, seconds = found.group(1, 2, 3, 4)
    try:
        at = datetime.fromisoformat(day + (time or ""))
        at = (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)
        length = timedelta(days=1) if not time else timedelta(seconds=1) if seconds else timedelta(minutes=1)
        over = at + length
    except (ValueError, OverflowError) as error:
        raise FhirParameterError(f"{name} is {text!r}", fix=_FIX) from error
    always_begin, always_end = ALWAYS
    return {
        "ge": (at, always_end),
        "gt": (over, always_end),
        "le": (always_begin, over),
        "lt": (always_begin, at),
    }.get(prefix, (at, over))
