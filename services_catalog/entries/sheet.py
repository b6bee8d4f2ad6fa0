"""Entries as CSV: flat columns for what most entries say, and JSON in columns named by pointers for the rest.

A cell that is empty says nothing. ``/fee`` holds a whole field as JSON; where flat columns have a part of a field,
the pointer's column has the others. What is written here reads back as the same documents.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Literal, NamedTuple

import msgspec

from services_catalog.entries.document import read_entry
from services_catalog.entries.entry_file import Located, Written
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.entries.fields import FIELDS
from supergraph.findings import Finding
from supergraph.openapi.load import LoadError, decoded


class Column(NamedTuple):
    """Where a flat column's value stands in ``fields``, and how a cell writes it; ``words`` are separated by spaces."""

    path: tuple[str, ...]
    kind: Literal["text", "words", "number"] = "text"


HEAD = ("level", "code", "organisation", "parent")
BECAUSE = "because"
_DIGITS = 18  # of a number: none has more, and an int64 holds them
FLAT: Mapping[str, Column] = {
    "name_zh": Column(("name", "zh")),
    "name_en": Column(("name", "en")),
    "everyday_name_zh": Column(("everyday_name", "zh")),
    "everyday_name_en": Column(("everyday_name", "en")),
    "summary_zh": Column(("summary", "zh")),
    "summary_en": Column(("summary", "en")),
    "item_type": Column(("item_type",)),
    "power_source": Column(("power_source",)),
    "audience": Column(("audience",), "words"),
    "topics": Column(("topics",), "words"),
    "life_events": Column(("life_events",), "words"),
    "minimum_level": Column(("minimum_level",)),
    "statutory_amount": Column(("statutory_time", "amount"), "number"),
    "statutory_unit": Column(("statutory_time", "unit")),
    "promised_amount": Column(("promised_time", "amount"), "number"),
    "promised_unit": Column(("promised_time", "unit")),
    "on_site_visits": Column(("on_site_visits",), "number"),
    "on_site_reason_zh": Column(("on_site_reason", "zh")),
    "online_depth": Column(("online_depth",), "number"),
    "contact_phone": Column(("contact", "phone")),
    "effective_from": Column(("effective_from",)),
    "withdraw_on": Column(("withdraw_on",)),
    "assured_on": Column(("assured_on",)),
}
COLUMNS = (*HEAD, *FLAT, BECAUSE, *(f"/{name}" for name in FIELDS))


def write_sheet(documents: Iterable[dict[str, Any]]) -> str:
    """Return documents, as JSON values, as CSV; columns that all leave empty are left out, but for the first few."""
    rows = [_row(document) for document in documents]
    used = [name for name in COLUMNS if name in HEAD or any(row.get(name) for row in rows)]
    out = io.StringIO()
    writer = csv.DictWriter(out, used, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read_sheet(data: bytes) -> tuple[list[Written], list[Located]]:
    """Return the documents of a CSV file, and every defect with its line."""
    written: list[Written] = []
    defects: list[Located] = []
    try:
        reader = csv.reader(io.StringIO(decoded(data), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        defects += [Located(1, each) for each in _header_defects(header)]
        if defects:
            return written, defects
        line = reader.line_num + 1
        for cells in reader:
            if any(cells):
                _read_row(header, cells, line, (written, defects))
            line = reader.line_num + 1
    except LoadError as error:
        defects.append(Located(1, Finding("error", "", error.defect.message, error.defect.fix)))
    except csv.Error as error:
        defects.append(
            Located(line, Finding("error", "", f"this is no CSV: {error}", "Save the file as CSV in UTF-8."))
        )
    return written, defects


def _header_defects(header: list[str]) -> Iterator[Finding]:
    for name in header:
        if name not in COLUMNS:
            fix = f"Known here: {', '.join((*HEAD, *FLAT, BECAUSE))}, and fields such as /fee."
            yield Finding("error", "", f"the column {name!r} is unknown", fix)
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield Finding("error", "", f"the column {name!r} stands there twice", "Leave one of them out.")


def _read_row(header: list[str], cells: list[str], line: int, into: tuple[list[Written], list[Located]]) -> None:
    written, defects = into
    if len(cells) != len(header):
        fix = "Write as many cells as the first line has columns; put text with commas in quotes."
        defects.append(Located(line, Finding("error", "", f"{len(cells)} cells for {len(header)} columns", fix)))
        return
    try:
        raw = _document(dict(zip(header, cells, strict=True)))
        written.append(Written(read_entry(raw), b"", line, ""))
    except EntryInvalidError as error:
        defects += [Located(line, finding) for finding in error.findings]


def _document(cells: dict[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {name: cells[name] for name in HEAD if cells.get(name)}
    fields: dict[str, Any] = {name[1:]: _json(name, cells[name]) for name in cells if name[0] == "/" and cells[name]}
    for name, column in FLAT.items():
        if cell := cells.get(name):
            holder: Any = fields
            for key in column.path[:-1]:
                holder = holder.setdefault(key, {})
                if not isinstance(holder, dict):
                    raise EntryInvalidError.at(f"/fields/{key}", f"{name} and /{key} both say it", "Empty one of them.")
            holder[column.path[-1]] = _value(name, column, cell)
    raw["fields"] = fields
    if cells.get(BECAUSE):
        raw["because"] = _json(BECAUSE, cells[BECAUSE])
    return raw


def _value(name: str, column: Column, cell: str) -> Any:
    if column.kind == "words":
        return cell.split()
    if column.kind == "text":
        return cell
    if not cell.strip().isdecimal() or len(cell) > _DIGITS:
        where = "/fields/" + "/".join(column.path)
        raise EntryInvalidError.at(
            where, f"{cell!r} in {name} is no whole number", f"Write digits only, up to {_DIGITS}."
        )
    return int(cell)


def _json(name: str, cell: str) -> Any:
    try:
        return msgspec.json.decode(cell)
    except msgspec.DecodeError as error:
        where = f"/fields{name}" if name[0] == "/" else f"/{name}"
        raise EntryInvalidError.at(where, f"the cell is no JSON: {error}", 'Such as {"charged": false}.') from error


def _row(document: dict[str, Any]) -> dict[str, str]:
    row = {name: document[name] for name in HEAD if document.get(name)}
    fields = deepcopy(document["fields"])
    for name, column in FLAT.items():
        *above, last = column.path
        holder = fields.get(above[0]) if above else fields
        value = holder.get(last) if isinstance(holder, dict) else None
        if holder is None or value is None or value in ([], ()):
            continue
        row[name] = " ".join(value) if column.kind == "words" else str(value)
        del holder[last]
        if above and not holder:
            del fields[above[0]]
    row |= {f"/{name}": msgspec.json.encode(value).decode() for name, value in fields.items()}
    if document.get(BECAUSE):
        row[BECAUSE] = msgspec.json.encode(document[BECAUSE]).decode()
    return row
