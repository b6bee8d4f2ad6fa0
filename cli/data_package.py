"""HSDS as a data package: a folder of CSV files, written while the services come in."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from services_catalog.exports.hsds.tables import SHARED, TABLES, descriptor, taken_apart


def write_package(pieces: Iterable[bytes], folder: Path) -> int:
    """Write the tables of services, which come as lines of JSON; return how many services there were."""
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    number = 0
    with ExitStack() as opened:
        writers = {}
        for name, table in TABLES.items():
            file = opened.enter_context((folder / table.path).open("w", encoding="utf-8", newline=""))
            writers[name] = csv.DictWriter(file, table.columns)
            writers[name].writeheader()
        for line in _lines(pieces):
            number += 1
            for name, row in taken_apart(msgspec.json.decode(line)):
                if name in SHARED and row["id"] in seen:
                    continue
                if name in SHARED:
                    seen.add(row["id"])
                writers[name].writerow(row)
    (folder / "datapackage.json").write_bytes(msgspec.json.format(msgspec.json.encode(descriptor()), indent=1))
    return number


def _lines(pieces: Iterable[bytes]) -> Iterable[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
