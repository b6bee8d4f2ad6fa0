"""Entries as files: YAML of one or several documents, or JSON, each document with the lines where its values stand."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from services_catalog.entries.document import EntryDocument, read_entry
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.manifest_file import line_of
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding
from supergraph.openapi.load import LoadError, decoded, load


class Located(NamedTuple):
    """A finding and its line in the file, from 1."""

    line: int
    finding: Finding


class Written(NamedTuple):
    """A document as it was read; ``text`` is the part of the file that it stands in, ``at`` its pointer there."""

    document: EntryDocument
    text: bytes
    first_line: int
    at: str

    def line(self, place: str) -> int:
        """Return the line where the value at a pointer into the document stands."""
        return self.first_line + line_of(self.text, self.at + place) - 1


def read_file(data: bytes) -> tuple[list[Written], list[Located]]:
    """Return the documents of a file, and every defect of those that cannot be read."""
    written: list[Written] = []
    defects: list[Located] = []
    for raw, text, first, at in _parts(data, defects):
        try:
            written.append(Written(read_entry(raw), text, first, at))
        except EntryInvalidError as error:
            defects += [Located(first + line_of(text, at + finding.pointer) - 1, finding) for finding in error.findings]
    return written, defects


def _parts(data: bytes, defects: list[Located]) -> Iterator[tuple[Any, bytes, int, str]]:
    """Yield each document with its text, its first line and its pointer; what is unreadable goes to ``defects``."""
    try:
        texts = [*_split(decoded(data))]
    except LoadError as error:
        defects.append(Located(1, _finding(error)))
        return
    for first, text in texts:
        encoded = text.encode()
        try:
            raw, found = load(encoded)
        except LoadError as error:
            defects.append(Located(first + line_of(encoded, error.defect.pointer) - 1, _finding(error)))
            continue
        for each in found:
            finding = Finding("error", each.pointer, each.message, each.fix)
            defects.append(Located(first + line_of(encoded, each.pointer) - 1, finding))
        if isinstance(raw, list):
            yield from ((each, encoded, first, pointer("", place)) for place, each in enumerate(raw))
        elif raw is not None:
            yield raw, encoded, first, ""


def _finding(error: LoadError) -> Finding:
    return Finding("error", error.defect.pointer, error.defect.message, error.defect.fix)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Yield the documents of a YAML file as text, with their first lines; unreadable text as one."""
    lines = io.StringIO(text).readlines()
    try:
        events = yaml.parse(text, yaml.CSafeLoader)
        marks: list[Any] = [each.start_mark for each in events if isinstance(each, yaml.DocumentStartEvent)]
        starts = [mark.line for mark in marks]
    except yaml.YAMLError:
        starts = []
    starts = [0, *starts[1:], len(lines)]
    for start, end in pairwise(starts):
        yield start + 1, "".join(lines[start:end])
