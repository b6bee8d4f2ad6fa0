"""The drift report: where implementations and cases diverge from what stands above them, since when, and why."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from services_catalog.entries.fields import said
from services_catalog.entries.inheritance import Layer

Kind = Literal[
    "overridden",  # says something else, with a reason
    "unexplained",  # says something else and nobody wrote down why
    "overtaken",  # says something else, and what it replaced has changed since: look again
    "repeated",  # says the same: a copy that will not follow the next change
]


class Divergence(Struct, frozen=True):
    """One field that a lower level says itself although the one above says it too."""

    entry: str
    organisation: str
    field: str
    kind: Kind
    above: str
    here: Any  # JSON
    there: Any  # JSON
    since: datetime | None
    by: str
    reason: str


def drift(upper: Layer, lower: Sequence[Layer]) -> Iterator[Divergence]:
    """Yield what each of ``lower`` says itself of what ``upper`` says, in the order of entries and fields."""
    there = said(upper.fields)
    for layer in lower:
        for name, value in said(layer.fields).items():
            if name in there:
                yield _divergence(upper, layer, name, (value, there[name]))


def _divergence(upper: Layer, layer: Layer, name: str, values: tuple[Any, Any]) -> Divergence:
    here, there = values
    mine, theirs = layer.authorship.get(name), upper.authorship.get(name)
    kind: Kind = "overridden"
    if here == there:
        kind = "repeated"
    elif mine is not None and theirs is not None and theirs.at > mine.at:
        kind = "overtaken"
    elif mine is None or not mine.reason:
        kind = "unexplained"
    return Divergence(
        entry=layer.entry,
        organisation=layer.organisation,
        field=name,
        kind=kind,
        above=upper.entry,
        here=msgspec.to_builtins(here),
        there=msgspec.to_builtins(there),
        since=mine.at if mine else None,
        by=mine.by if mine else "",
        reason=mine.reason if mine else "",
    )
