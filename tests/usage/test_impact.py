"""Whom a change breaks, as a function of two slices and what was sent."""

from datetime import date

import msgspec

from supergraph.broken import Broken, Use
from supergraph.impact import impact
from tests.publish.test_diff import LOT, PARKING, changed, fields

FREE = "query Lots { parking { lots { name free } } }"
NAMES = "query Names { parking { lots { name } } }"
BOTH = f"{FREE} {NAMES}"
LESS = changed(Lot=msgspec.structs.replace(LOT, fields=fields(name="String!", state="State")))
TODAY, BEFORE = date(2026, 11, 29), date(2026, 11, 1)


def broken(documents: dict[str, str], *uses: Use) -> tuple[Broken, ...]:
    return impact(PARKING, LESS, documents, uses).broken


def test_only_who_uses_the_field_is_broken() -> None:
    (found,) = broken(
        {"free": FREE, "names": NAMES}, Use("free", "wx1", "Lots", 7, TODAY), Use("names", "wx2", "Names", 9, TODAY)
    )
    assert (found.client, found.operation, found.count, found.last_sent) == ("wx1", "Lots", 7, TODAY)
    assert [change.path for change in found.changes] == ["Lot.free"]
    assert found.said == "wx1: Lots (uses Lot.free)"


def test_of_a_document_only_the_operation_that_was_sent_counts() -> None:
    assert broken({"both": BOTH}, Use("both", "wx1", "Names", 1, TODAY)) == ()
    (found,) = broken({"both": BOTH}, Use("both", "wx1", None, registered=True))
    assert (found.operation, found.registered, found.count, found.last_sent) == ("Lots", True, 0, None)


def test_releases_of_one_app_are_put_together() -> None:
    older = "query Lots { parking { lots { free } } }"
    (found,) = broken(
        {"new": FREE, "old": older},
        Use("new", "wx1", "Lots", 5, TODAY),
        Use("old", "wx1", "Lots", 2, BEFORE),
        Use("old", "wx1", None, registered=True),
    )
    assert (found.count, found.last_sent, found.registered) == (7, TODAY, True)


def test_who_did_not_sign_in_and_operations_without_names_are_said_so() -> None:
    (found,) = broken({"free": "{ parking { lots { free } } }"}, Use("free", "", "", 1, TODAY))
    assert found.said == "a client that did not sign in: an operation without a name (uses Lot.free)"


def test_a_document_of_several_services_counts_for_the_one_that_changes() -> None:
    mixed = "query Both($w: Weather) { parking { lots { free } } weather { now(at: $w) { sky } } me { id } }"
    assert [each.operation for each in broken({"mixed": mixed}, Use("mixed", "wx1", "Both", 1, TODAY))] == ["Both"]


def test_what_cannot_be_read_is_left_out_and_said() -> None:
    found = impact(PARKING, LESS, {"torn": "{ parking {"}, [Use("torn", "wx1", "", 1, TODAY)])
    assert found.broken == ()
    assert "torn" in found.findings[0].message


def test_without_a_breaking_change_nothing_is_read() -> None:
    assert impact(LESS, PARKING, {}, [Use("torn", "wx1", "", 1, TODAY)]).findings == ()
