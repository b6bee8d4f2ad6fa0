"""HSDS as tables: rows fit the standard's schemas, and what they refer to is there."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.data_package import write_package
from services_catalog.exports.hsds.record import Writer
from services_catalog.exports.hsds.service import nested
from services_catalog.exports.hsds.tables import TABLES
from tests.services_catalog.exports.samples import AROUND, IDENTITIES, entry, first, parent_of
from tests.services_catalog.exports.validating import defects, records, schemas

pytestmark = pytest.mark.case("issue-4.3")
Rows = dict[str, list[dict[str, str]]]


def services() -> Iterator[dict[str, Any]]:
    for each in (entry(), parent_of(entry())):
        yield nested(each, Writer(IDENTITIES, AROUND, "zh"))
    for each, around in first(20):
        yield nested(each, Writer(IDENTITIES, around, "zh"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Rows]:
    """The descriptor, and the rows of every table that it names."""
    folder = tmp_path_factory.mktemp("package")
    lines = b"".join(msgspec.json.encode(each) + b"\n" for each in services())
    pieces = [lines[at : at + 1000] for at in range(0, len(lines), 1000)]
    assert write_package(pieces, folder) == 22
    said = json.loads((folder / "datapackage.json").read_text())
    return said, {each["name"]: [*_rows(folder / each["path"])] for each in said["resources"]}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def test_rows_fit_their_schemas(package: tuple[dict[str, Any], Rows]) -> None:
    for name, rows in package[1].items():
        schema = schemas()[name]
        numbers = {each for each, said in schema["properties"].items() if said.get("type") == "number"}
        needed = {*schema["required"], *schema.get("tabular_required", ())}
        assert rows, name
        for row in rows:
            said = {key: value for key, value in row.items() if value or key in schema["required"]}
            assert needed <= said.keys(), name
            assert defects(name, said | {key: float(said[key]) for key in numbers & said.keys()}) == []


def test_files_are_named_as_the_standard_names_them() -> None:
    assert {name: table.path for name, table in TABLES.items()} == {name: schemas()[name]["path"] for name in TABLES}


def test_identifiers_are_unique_and_references_lead_somewhere(package: tuple[dict[str, Any], Rows]) -> None:
    said, rows = package
    identifiers = {name: [row["id"] for row in found] for name, found in rows.items()}
    for each in said["resources"]:
        name = each["name"]
        assert len(identifiers[name]) == len(set(identifiers[name])), name
        for key in each["schema"]["foreignKeys"]:
            there = {*identifiers[key["reference"]["resource"]]}
            assert {row[key["fields"]] for row in rows[name]} - {""} <= there, (name, key)


def test_nothing_is_lost_in_taking_apart(package: tuple[dict[str, Any], Rows]) -> None:
    found = {row["id"]: row for rows in package[1].values() for row in rows}
    for service in services():
        for _, record in records("service", service):
            plain = {name: value for name, value in record.items() if not isinstance(value, list | dict)}
            assert {name: str(value) for name, value in plain.items()}.items() <= found[record["id"]].items()
