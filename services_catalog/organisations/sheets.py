"""A CSV file as lines of named cells: its encoding and its header, with everything that is wrong with them."""

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kernel.control_characters import CONTROL
from services_catalog.organisations.errors import FileFinding, FileRefusedError

if TYPE_CHECKING:  # the module has no public name for what csv.reader returns
    import _csv

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")  # utf-8 is read with or without a byte order mark
_CELL_LIMIT = 1000  # characters; no column needs as many
Line = tuple[int, dict[str, str]]


def read_sheet(
    data: bytes, encoding: str, columns: Sequence[str], *, required: Sequence[str]
) -> tuple[list[Line], list[FileFinding]]:
    """Return each line with its number (the header is 1) and its cells, and what is wrong so far.

    Spaces around a cell are not part of it; a column that the file lacks is not among them. Raises FileRefusedError
    where nothing can be read.
    """
    rows = csv.reader(io.StringIO(_text(data, encoding), newline=""), strict=True)
    lines: list[Line] = []
    findings: list[FileFinding] = []
    header: list[str] = []
    for number, cells in _numbered(rows):
        if not header:
            header = [cell.strip() for cell in cells]
            _check_header(header, columns, required)
        elif len(cells) != len(header):
            message = f"{len(cells)} cells, but the header names {len(header)} columns"
            findings.append(FileFinding(number, message, "Put text that has commas into double quotes."))
        else:
            found = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            findings += _check_cells(number, found)
            lines.append((number, found))
    if not header:
        raise FileRefusedError([FileFinding(0, "It is empty", f"Begin with the header: {','.join(columns)}")])
    return lines, findings


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fix = "Save it as CSV UTF-8."
        if encoding != "gb18030" and _is_gb18030(data):
            fix = "It may be GB18030 (Excel's CSV in China): say --encoding gb18030, or save it as CSV UTF-8."
        raise FileRefusedError([FileFinding(line, f"Not text in {encoding}", fix)]) from error


def _is_gb18030(data: bytes) -> bool:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _numbered(rows: "_csv.Reader") -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line that it begins on."""
    begins = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = rows.line_num + 1
    except csv.Error as error:
        fix = 'Text in double quotes ends with one, and a quote inside is written twice: "".'
        raise FileRefusedError([FileFinding(begins, f"No CSV: {error}", fix)]) from error


def _check_header(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> None:
    findings = []
    for name in header:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"The columns are {', '.join(columns)}."
            findings.append(FileFinding(1, f"{name!r} is no column", fix))
        elif header.count(name) > 1:
            findings.append(FileFinding(1, f"The column {name} is there twice", "Remove one of them."))
    missing = [name for name in required if name not in header]
    findings += [FileFinding(1, f"The column {name} is missing", "Add it to the header.") for name in missing]
    if findings:
        raise FileRefusedError(findings)


def _check_cells(number: int, cells: dict[str, str]) -> Iterator[FileFinding]:
    for name, cell in cells.items():
        if len(cell) > _CELL_LIMIT:
            yield FileFinding(number, f"{name} has {len(cell)} characters", f"Up to {_CELL_LIMIT} are taken.")
        elif CONTROL.search(cell):
            yield FileFinding(number, f"{name} has a line break or another control character", "Remove it.")
