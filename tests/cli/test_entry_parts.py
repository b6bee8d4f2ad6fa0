"""A dry run of more entries than one check takes: each is checked together with all that it belongs to."""

from cli.entry_bulk import _parts
from cli.entry_files import Sheet
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.entry_file import Written
from services_catalog.entries.fields import Fields
from services_catalog.entries.words import EntryLevel


def _sheet(level: EntryLevel, code: str, parent: str | None = None) -> Sheet:
    document = EntryDocument(level=level, code=code, organisation="city", parent=parent, fields=Fields())
    return Sheet("a.csv", Written(document, b"", 1, ""))


def test_parents_go_along() -> None:
    items = [_sheet("item", f"i{at}") for at in range(400)]
    lower = [_sheet("implementation", f"i{at % 400}-{at}", f"i{at % 400}") for at in range(900)]
    cases = [_sheet("case", f"c{at}", f"i{at}-{at}") for at in range(300)]
    orphan = _sheet("case", "orphan", "unknown")
    parts = [*_parts([*items, *lower, *cases, orphan, orphan])]
    assert [sheet for part, _ in parts for sheet in part] == [*items, *lower, *cases, orphan, orphan]
    for part, above in parts:
        codes = [sheet.code for sheet in (*part, *above)]
        assert len(codes) <= 501  # one stands twice
        for sheet in (*part, *above):
            parent = sheet.written.document.parent
            assert parent in {None, "unknown", *codes}
