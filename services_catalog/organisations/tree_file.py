"""The file of organisations: CSV, a line each, parents before or after children. docs/organisations.md describes it."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from kernel.credit_codes import normal_credit_code
from kernel.errors import YiwangError
from services_catalog.organisations.errors import FileFinding
from services_catalog.organisations.sheets import read_sheet
from services_catalog.organisations.words import KINDS, REGION_PATTERN, TIERS, Kind, Tier, is_code

_REGION = re.compile(REGION_PATTERN, re.ASCII)
_NAME_LIMIT = 200  # characters; the longest official names have about 60


class Entry(Struct, frozen=True):
    """An organisation as a line of the file has it; the names are those of the columns, here and in the database."""

    code: str
    name_zh: str
    name_en: str | None
    short_name: str | None
    tier: Tier
    kind: Kind
    parent: str | None
    guidance_parent: str | None
    region_code: str | None
    credit_code: str | None
    valid_from: date | None
    valid_to: date | None
    merged_into: str | None
    calendar: str | None
    contact: str | None
    longitude: float | None
    latitude: float | None


COLUMNS = Entry.__struct_fields__
_REQUIRED = ("code", "name_zh", "tier", "kind", "parent")
_FILLED = frozenset(_REQUIRED) - {"parent"}


def read_tree(data: bytes, encoding: str) -> tuple[dict[str, tuple[int, Entry]], set[str], list[FileFinding]]:
    """Return the lines by code, each with its number; the columns that are missing; what is wrong with single lines.

    Raises FileRefusedError where nothing can be read.
    """
    lines, findings = read_sheet(data, encoding, COLUMNS, required=_REQUIRED)
    entries: dict[str, tuple[int, Entry]] = {}
    for number, cells in lines:
        wrong, entry = _entry(cells)
        findings += [FileFinding(number, message, fix) for message, fix in wrong]
        code = cells["code"]
        if entry is None:
            continue
        if code in entries:
            message, fix = f"{code} is on line {entries[code][0]} already", "Give it another code, or remove one line."
            findings.append(FileFinding(number, message, fix))
        else:
            entries[code] = number, entry
    return entries, set(COLUMNS) - set(lines[0][1] if lines else COLUMNS), findings


def write_tree(entries: Iterable[Entry]) -> str:
    """Return the file of organisations, as ``read_tree`` reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(msgspec.structs.astuple(entry) for entry in entries)
    return text.getvalue()


def _entry(cells: dict[str, str]) -> tuple[list[tuple[str, str]], Entry | None]:
    """Read a line; what is wrong with it, and no entry if anything is."""
    wrong: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for name in COLUMNS:
        try:
            if cells.get(name):
                values[name] = _READ[name](cells[name])
            elif name in _FILLED:
                wrong.append((f"{name} is empty", "Every organisation needs it."))
            else:
                values[name] = None
        except _WrongError as error:
            wrong.append((f"{name}: {error.args[0]}", error.args[1]))
    if wrong:
        return wrong, None
    entry = Entry(**values)
    if (entry.longitude is None) != (entry.latitude is None):
        wrong.append(("One of longitude and latitude is empty", "Fill both or none."))
    if entry.valid_from and entry.valid_to and entry.valid_from >= entry.valid_to:
        wrong.append((f"valid_to {entry.valid_to} is not after valid_from", "It is the first day without it."))
    if entry.merged_into and not entry.valid_to:
        wrong.append(("merged_into names a successor, but valid_to is empty", "Fill in when it was merged."))
    return wrong, None if wrong else entry


class _WrongError(ValueError):
    """What is wrong with a cell, and how to mend it."""


def _code(cell: str) -> str:
    if not is_code(cell):
        raise _WrongError(f"{cell!r} is no code", "Use up to 40 letters, digits, - _ and ., a letter or digit first.")
    return cell


def _name(cell: str) -> str:
    if len(cell) > _NAME_LIMIT:
        raise _WrongError(f"it has {len(cell)} characters", f"Up to {_NAME_LIMIT} are taken.")
    return cell


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if cell not in words:
            raise _WrongError(f"{cell!r} is none", f"Use one of {', '.join(words)}.")
        return cell

    return read


def _region_code(cell: str) -> str:
    if not _REGION.fullmatch(cell):
        raise _WrongError(f"{cell!r} is no region code", "It has 6 digits (GB/T 2260), 9 or 12 (statistical code).")
    return cell


def _credit_code(cell: str) -> str:
    try:
        return normal_credit_code(cell)
    except YiwangError as error:
        raise _WrongError(error.message, error.fix) from error


def _date(cell: str) -> date:
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        found = date.min
    if found in {date.min, date.max}:  # PostgreSQL's infinities
        raise _WrongError(f"{cell!r} is no day", "Write 2026-07-01; leave it empty if it is not known or has no end.")
    return found


def _degrees(limit: int) -> Callable[[str], float]:
    def read(cell: str) -> float:
        try:
            found = float(cell)
        except ValueError:
            found = limit + 1.0
        if not -limit <= found <= limit:
            raise _WrongError(f"{cell!r} is none", f"Write degrees (WGS84) between -{limit} and {limit}: 106.55.")
        return found

    return read


_READ: dict[str, Callable[[str], Any]] = dict.fromkeys(COLUMNS, _name) | {
    "code": _code,
    "tier": _one_of(TIERS),
    "kind": _one_of(KINDS),
    "parent": _code,
    "guidance_parent": _code,
    "merged_into": _code,
    "region_code": _region_code,
    "credit_code": _credit_code,
    "valid_from": _date,
    "valid_to": _date,
    "longitude": _degrees(180),
    "latitude": _degrees(90),
}
