"""A YAML or JSON file read strictly as one struct: every defect with its line, pointer and how to mend it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from services_catalog.manifest_file import line_of
from services_catalog.strict_reading import defects, partly, pointer
from supergraph.findings import Finding
from supergraph.openapi.load import LoadError, load

_File = TypeVar("_File", bound=Struct)
_NAMES = ("code", "id", "day", "name", "value")


class Located(NamedTuple):
    """A finding, its line in the file, from 1, and what its pointer leads through: ``office civic-centre``."""

    line: int
    finding: Finding
    where: str = ""


def read_strictly(
    data: bytes, type_: type[_File], reference: str, contradictions: Callable[[_File], Iterable[Finding]]
) -> tuple[_File | None, list[Located]]:
    """Return the file, None if it has defects, and those, in the order of their lines.

    ``reference`` says where the file is described; ``contradictions`` looks at one that is well-formed.
    """
    part, findings = read_partly(data, type_, reference)
    if part is not None and not findings:
        findings = [*contradictions(part)]
    return (None if findings else part), located(data, findings)


def read_partly(data: bytes, type_: type[_File], reference: str) -> tuple[_File | None, list[Finding]]:
    """Return what can be read of a file (``strict_reading.partly``), and its defects: without any it is the file.

    None: it is no YAML.
    """
    try:
        raw, found = load(data)
    except LoadError as error:
        return None, [defect(error.defect.pointer, error.defect.message, error.defect.fix)]
    findings = [defect(each.pointer, each.message, each.fix) for each in found]
    return partly(raw, type_), [*findings, *defects(raw, type_, "", reference)]


def located(data: bytes, findings: Iterable[Finding]) -> list[Located]:
    """Return findings with their places, in the order of these."""
    try:
        raw, _ = load(data)
    except LoadError:
        raw = None
    said = [Located(line_of(data, each.pointer), each, _where(raw, each.pointer)) for each in findings]
    return sorted(said, key=lambda each: (each.line, _natural(each.finding.pointer)))


def _where(raw: Any, at: str) -> str:
    """Name the entries of lists that a pointer leads through: by what tells them apart, or by their number, from 1."""
    said, key = [], ""
    for token in at.split("/")[1:]:
        if isinstance(raw, list) and token.isdecimal():  # of a key that is there twice the last is in the tree
            raw = raw[int(token)] if int(token) < len(raw) else None
            given = [raw.get(name) for name in _NAMES] if isinstance(raw, dict) else []
            names = [each for each in given if each and isinstance(each, (str, int))]
            said.append(f"{key.removesuffix('s')} {names[0] if names else int(token) + 1}")
        elif isinstance(raw, dict):
            key = token.replace("~1", "/").replace("~0", "~")
            raw = raw.get(key)
    return ", ".join(said)


def _natural(at: str) -> list[tuple[int, str]]:
    return [(int(token), "") if token.isdecimal() else (0, token) for token in at.split("/")]


def twice(at: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield what is named more than once in a list; what has no name (of ``partly``) is told apart from all else."""
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name and name in seen:
            yield defect(pointer(at, place), f"{name} is there twice", "Keep one of them.")
        seen.add(name)


def defect(at: str, message: str, fix: str) -> Finding:
    """Return what is wrong at a pointer."""
    return Finding("error", at, message, fix)
