"""The platform's scalars for its own types: the very ones that services have, as a graph holds one of each name."""

from datetime import datetime
from typing import Any, NewType, cast

import strawberry

from kernel.clock import rfc3339
from kernel.control_characters import has_control
from schema.errors import ArgumentRefusedError
from supergraph.scalars import ALL_SCALARS


def _scalar(name: str) -> Any:
    known = ALL_SCALARS[name]
    return strawberry.scalar(
        name=name,
        description=known.description,
        serialize=lambda value: value,
        parse_value=known.coerce_input_value,
        parse_literal=cast("Any", known.coerce_input_literal),
    )


DateTimeText = NewType("DateTimeText", str)
JsonValue = NewType("JsonValue", object)
SCALARS: dict[object, Any] = {DateTimeText: _scalar("DateTime"), JsonValue: _scalar("JSON")}


def text(moment: datetime) -> DateTimeText:
    """Return a moment as the graph has it, in whole seconds."""
    return DateTimeText(rfc3339(moment.replace(microsecond=0)))


def line(given: str, name: str) -> str:
    """Read an argument's text, which has one line. Raises ArgumentRefusedError."""
    if has_control(given):
        raise ArgumentRefusedError(f"{name} has control characters", fix="Leave them out.")
    return given


def check_first(first: int, most: int = 50) -> None:
    """Refuse to show none, or too many at a time. Raises ArgumentRefusedError."""
    if not 1 <= first <= most:
        raise ArgumentRefusedError("first is out of range", fix=f"Ask for 1 to {most}.")


def moment(given: str, name: str) -> datetime:
    """Read an argument's moment, which has a zone. Raises ArgumentRefusedError."""
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise ArgumentRefusedError(f"{name} is no moment with a zone", fix="Write it like 2026-11-25T08:00:00Z.")
    return read
