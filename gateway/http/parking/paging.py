"""Lists in pages: ``limit`` and ``after``, the ``next`` of the page before."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from gateway.errors import RequestError
from gateway.http.departments import AnyRequest

MOST, USUAL = 500, 100


class Page(Struct, frozen=True):
    """``next`` is the ``after`` of the next page, null on the last one."""

    items: list[Any]
    next: str | None


def limit_of(request: AnyRequest) -> int:
    """Return how many are wanted. Raises RequestError."""
    text = request.query_params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST):
        raise RequestError(f"limit is {text!r}", fix=f"Ask for 1 to {MOST}.")
    return int(text)


def cursor_of(request: AnyRequest) -> UUID | None:
    """Return where the page begins. Raises RequestError."""
    text = request.query_params.get("after")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise RequestError("after is no cursor", fix="Send the next of the page before.") from error


def page(rows: Sequence[Any], limit: int, shown: Callable[[Any], Any]) -> Page:
    """Return the first ``limit`` of rows that one more was asked for than are wanted."""
    last = str(rows[limit - 1].id) if len(rows) > limit else None
    return Page([shown(row) for row in rows[:limit]], last)
