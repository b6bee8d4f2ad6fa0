"""A YAML or JSON file read strictly as one struct: every defect with its line, pointer and how to mend it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from services_catalog.manifest_file import line_of
from services_catalog.strict_reading import defects, pointer
from supergraph.findings import Finding
from supergraph.openapi.load import LoadError, load

_File = TypeVar("_File", bound=Struct)


class Located(NamedTuple):
    """A finding and its line in the file, from 1."""

    line: int
    finding: Finding


def read_strictly(
    data: bytes, type_: type[_File], reference: str, contradictions: Callable[[_File], Iterable[Finding]]
) -> tuple[_File | None, list[Located]]:
    """Return the file, None if it has defects, and those, in the order of their lines.

    ``reference`` says where the file is described; ``contradictions`` looks at one that is well-formed.
    """
    try:
        raw, found = load(data)
    except LoadError as error:
        raw, found = None, [error.defect]
    findings = [Finding("error", each.pointer, each.message, each.fix) for each in found]
    file = None
    if not findings:
        findings = [*defects(raw, type_, "", reference)]
    if not findings:
        file = msgspec.convert(raw, type_)
        findings = [*contradictions(file)]
    located = [Located(line_of(data, each.pointer), each) for each in findings]
    return (None if located else file), sorted(located, key=lambda each: (each.line, each.finding.pointer))


def twice(at: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield what is named more than once in a list."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            yield defect(pointer(at, place), f"{name} is there twice", "Keep one of them.")
        seen.add(name)


def defect(at: str, message: str, fix: str) -> Finding:
    """Return what is wrong at a pointer."""
    return Finding("error", at, message, fix)
