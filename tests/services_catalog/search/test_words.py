"""What is compared: characters in one form, pinyin as it is typed, the words of a question that matter."""

import pytest

from services_catalog.search.characters import atoms, fold, gaps, pairs
from services_catalog.search.pinyin import Typed, cuts, readings, spellings
from services_catalog.search.typing_errors import mended, one_edit
from services_catalog.search.words import synonyms, telling, units


def test_traditional_full_width_and_capital_characters_are_one_with_the_usual_ones() -> None:
    assert fold("護照換發 ＥＴＣ１２") == "护照换发 etc12"


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert fold("护\ud800照") == "护照"


def test_atoms_are_characters_and_words_of_latin_letters() -> None:
    assert atoms("etc办理（零售）c1") == ["etc", "办", "理", "零", "售", "c1"]
    assert pairs(["护", "照", "换"]) == ["护照", "照换"]
    assert gaps(["护", "照", "换"]) == ["护_换"]
    assert pairs(["护"]) == ["护"]


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("hunyindengji", Typed(("hun", "yin", "deng", "ji"))),
        ("hunyindengj", Typed(("hun", "yin", "deng", "j"), (3,))),
        ("hunyindj", Typed(("hun", "yin", "d", "j"), (2, 3))),
        ("hydj", Typed(("h", "y", "d", "j"), (0, 1, 2, 3))),
        ("lyushi", Typed(("lv", "shi"))),
    ],
)
def test_pinyin_is_cut_into_syllables(typed: str, best: Typed) -> None:
    assert cuts(typed)[0] == best


def test_ambiguous_pinyin_is_read_in_every_way() -> None:
    assert {each.syllables for each in cuts("xian")} == {("xian",), ("xi", "an")}
    assert cuts("jiheundengji") == []


def test_a_character_with_two_readings_is_indexed_by_both() -> None:
    assert readings("重") == ("zhong", "chong")
    assert spellings([*"重办"]) == [["zhong", "ban"], ["chong", "ban"]]
    assert readings("女")[:1] == ("nu",)
    assert "nv" in readings("女")
    assert readings("殡") == ("bin",)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("我想生二胎要办什么", ["生二胎"]),
        ("怎么给孩子办护照", ["孩子", "护照"]),
        ("怎么办", ["怎么办"]),  # nothing tells: then everything is asked for
        ("how to renew my passport", ["renew", "passport"]),
    ],
)
def test_only_telling_words_are_asked_for(asked: str, words: list[str]) -> None:
    assert units(fold(asked)) == words


def test_words_that_tell_nothing_leave_spaces() -> None:
    assert telling("怎么办护照") in ("   护照", "  办护照")


def test_an_entry_is_called_by_the_words_of_its_names() -> None:
    found = synonyms(("机动车驾驶证补证",))
    assert found["驾照"] == "机动车驾驶证"
    assert "护照" not in found


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("社宝卡", "社保卡"),
        ("怎么办社宝卡", "怎么办社保卡"),
        ("社保卡", None),
        ("passporr renewal", "passport renewal"),
        ("怎么弄丢", None),
    ],
)
def test_a_typo_is_mended_by_the_names_that_were_found(asked: str, meant: str | None) -> None:
    assert mended(asked, ["社保卡丢了补办", "passport renewal"]) == meant


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("jiehun", "jiheun", True),
        ("jiehun", "jihun", True),
        ("jiehun", "jiehunn", True),
        ("jiehun", "jiehum", True),
        ("jiehun", "jiehun", False),
        ("jiehun", "lihun", False),
        ("ab", "abcd", False),
    ],
)
def test_one_edit_is_one_letter_or_two_swapped(one: str, other: str, is_one: bool) -> None:  # noqa: FBT001 - a column of the table
    assert one_edit(one, other) is is_one
    assert one_edit(other, one) is is_one
