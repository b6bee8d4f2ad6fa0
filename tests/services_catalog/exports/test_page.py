"""docs/exports.md is true: a field changes an export if, and only if, the table has a place for it there."""

import msgspec
import pytest

from docs.export_tables import PLACES
from services_catalog.entries.fields import FIELDS
from services_catalog.exports.cpsv_ap.service import describe
from services_catalog.exports.hsds.record import Writer
from services_catalog.exports.hsds.service import nested
from services_catalog.reading.shown import Shown
from tests.services_catalog.exports.samples import AROUND, EVERY_FIELD, IDENTITIES, saying


def _exported(entry: Shown) -> tuple[bytes, bytes]:
    graph = describe(entry, IDENTITIES, AROUND)
    service = nested(entry, Writer(IDENTITIES, AROUND, "zh"))
    return msgspec.json.encode([graph.own, graph.shared]), msgspec.json.encode(service)


def test_every_field_has_its_line_and_its_sample() -> None:
    assert tuple(PLACES) == FIELDS
    assert set(EVERY_FIELD) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_exported_where_the_table_says(field: str) -> None:
    bare, said = _exported(saying({})), _exported(saying({field: EVERY_FIELD[field]}))
    changed = [before != after for before, after in zip(bare, said, strict=True)]
    assert changed == [bool(PLACES[field].cpsv_ap), bool(PLACES[field].hsds)]
