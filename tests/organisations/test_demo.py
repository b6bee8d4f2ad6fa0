"""The city that is made up: the same for the same seed, and a tree that loads."""

from collections import Counter

import pytest

from services_catalog.demo.organisations import DEPARTMENTS, Sizes, areas, departments, matters
from services_catalog.organisations.checking import check
from services_catalog.organisations.tree_file import read_tree, write_tree

pytestmark = pytest.mark.case("issue-4.1")
SMALL = Sizes(district=3, town=11, village=40, grid=300)


def test_it_is_the_same_for_the_same_seed() -> None:
    assert areas(1, SMALL) == areas(1, SMALL)
    assert areas(1, SMALL) != areas(2, SMALL)


def test_it_has_the_sizes_that_were_asked_for() -> None:
    found = areas(1, SMALL)
    assert Counter(entry.tier for entry in found) == {"city": 1, "district": 3, "town": 11, "village": 40, "grid": 300}
    assert len({(entry.parent, entry.name_zh) for entry in found}) == len(found)
    assert len(list(matters(found))) == len(list(departments(found))) == 4 * len(DEPARTMENTS)


def test_it_is_a_tree_that_loads() -> None:
    found = areas(1, SMALL)
    lines, _, findings = read_tree(write_tree([*found, *departments(found)]).encode(), "utf-8")
    entries = {code: entry for code, (_, entry) in lines.items()}
    assert findings + check({code: line for code, (line, _) in lines.items()}, entries, {}, ()) == []
