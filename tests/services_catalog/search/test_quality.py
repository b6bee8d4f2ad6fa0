"""The right entries are found, and first, for questions as residents ask them (queries.csv)."""

import pytest

from services_catalog.demo.names import Item, items
from services_catalog.search.pinyin import spellings
from tests.services_catalog.search.labelled import Labelled, found, index, labelled, quality

pytestmark = pytest.mark.case("issue-4.5")


def test_there_are_questions_of_every_kind_and_a_third_was_kept_away_from_tuning() -> None:
    questions = labelled()
    assert len(questions) >= 240
    assert sum(each.split == "held_out" for each in questions) >= len(questions) / 3
    assert {code for each in questions for code in each.right} <= {item.code for item in items()}
    assert len({each.text for each in questions}) == len(questions)


@pytest.mark.parametrize("splits", [{"tune", "held_out"}, {"held_out"}], ids=["all", "held out"])
def test_the_right_entries_are_found_and_first(splits: set[str]) -> None:
    questions: list[Labelled] = [each for each in labelled() if each.split in splits]
    reached = quality(questions)
    assert reached.recall >= 0.95
    assert reached.top_3 >= 0.9


@pytest.mark.parametrize("item", items(), ids=lambda item: item.code)
def test_every_entry_is_found_by_its_names_and_their_pinyin(item: Item) -> None:
    assert found(item.name)[0] == item.code
    assert item.code in found(item.everyday_name)[:3]
    assert item.code in found(item.english)[:3]
    for name in item.alternate_names:
        assert item.code in found(name)
    if not any(map(str.isascii, item.name)):
        said = spellings([*item.name])[0]
        assert item.code in found("".join(said))
        assert item.code in found("".join(each[0] for each in said)[:10])


def test_the_index_holds_every_item() -> None:
    assert len(index()) == len(items())
