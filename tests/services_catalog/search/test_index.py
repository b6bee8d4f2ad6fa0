"""The index is built, changed and asked; a hit says why, how far and what may have been meant."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services_catalog.search.errors import CursorError
from services_catalog.search.index import Index
from services_catalog.search.query import Query, Reason, Suggestion
from services_catalog.search.searchable import Channel, Place, Searchable, WeeklyHours
from tests.services_catalog.search.labelled import NOW, index

ALL_DAY = (WeeklyHours(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), "00:00", "23:59"),)
MARRIAGE = Searchable(
    code="marriage",
    district="city",
    authority="mz",
    name="结婚登记",
    everyday_name="领结婚证",
    english=("Marriage registration",),
    summary="男女双方自愿结婚的，到登记机关办理。",
    channels=(Channel("window"), Channel("mini_program", "wechat")),
)


def codes(index: Index, **asked: object) -> list[str]:
    return [hit.code for hit in index.search(msgspec.convert({"at": NOW, **asked}, Query)).hits]


def variant(code: str, **changed: object) -> Searchable:
    return msgspec.structs.replace(MARRIAGE, code=code, **changed)


def test_what_is_replaced_or_removed_is_seen_by_the_next_question() -> None:
    entries = Index([MARRIAGE])
    entries.replace([variant("marriage", name="离婚登记", everyday_name="办离婚"), variant("second")])
    assert codes(entries, text="离婚")[0] == "marriage"
    assert codes(entries, text="领结婚证")[0] == "second"
    entries.remove(["second", "unknown"])
    assert codes(entries) == ["marriage"]
    assert len(entries) == 1


def test_a_change_that_fails_changes_nothing() -> None:
    entries = Index([MARRIAGE])
    with pytest.raises(UnicodeEncodeError):
        entries.replace([variant("marriage", name="护照"), variant("new"), variant("half a pair: \ud800")])
    assert codes(entries, text="结婚登记") == ["marriage"]
    entries.replace([variant("new")])
    assert sorted(codes(entries, text="结婚登记")) == ["marriage", "new"]


def test_threads_ask_while_entries_change() -> None:
    entries = Index([variant(f"c{at}") for at in range(20)])
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(codes, entries, text="结婚登记", first=100) for _ in range(50)]
        for at in range(20):
            entries.replace([variant(f"c{at}", popularity=at)])
        assert all(len(each.result()) == 20 for each in asked)


def test_settling_asks_less_and_answers_the_same() -> None:
    """Each change makes a segment; tantivy merges eight of them in a thread of its own."""
    entries = Index()
    for at in range(12):
        entries.replace([variant(f"c{at}")])
    found, segments = codes(entries, text="结婚登记", first=100), entries._snapshot.searcher.num_segments
    until = time.monotonic() + 60
    while entries._snapshot.searcher.num_segments >= min(segments, 8) and time.monotonic() < until:
        entries.settle()
    assert entries._snapshot.searcher.num_segments < 8
    assert sorted(codes(entries, text="结婚登记", first=100)) == sorted(found)


def test_the_last_of_two_entries_of_one_code_counts() -> None:
    entries = Index([MARRIAGE, variant("marriage", name="护照")])
    assert codes(entries) == ["marriage"]
    assert codes(entries, text="护照") == ["marriage"]


def test_an_empty_question_lists_by_popularity() -> None:
    entries = Index([variant("a", popularity=5), variant("b", popularity=50), variant("c", popularity=7)])
    assert codes(entries) == ["b", "c", "a"]


def test_popularity_decides_between_equals_only() -> None:
    entries = Index(
        [
            variant("a", popularity=5),
            variant("b", popularity=5_000),
            variant("c", name="结婚登记档案查询", popularity=10**9),
        ]
    )
    assert codes(entries, text="结婚登记") == ["b", "a", "c"]


def test_the_own_districts_entry_comes_before_the_citys() -> None:
    entries = Index(
        [variant("of-city"), variant("of-district", district="district"), variant("other", district="other")]
    )
    assert codes(entries, text="结婚登记", district=("district", "city")) == ["of-district", "of-city"]


def test_an_entry_is_visible_between_its_moments() -> None:
    entries = Index([variant("a", visible_from=NOW, visible_until=NOW + timedelta(days=1))])
    assert codes(entries, at=NOW) == ["a"]
    assert codes(entries, at=NOW - timedelta(seconds=1)) == []
    assert codes(entries, at=NOW + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"channel": "window"}, True),
        ({"channel": "mini_program", "host": "wechat"}, True),
        ({"host": "wechat"}, True),
        ({"channel": "mini_program", "host": "alipay"}, False),
        ({"channel": "window", "host": "wechat"}, False),
        ({"level": "case"}, False),
    ],
)
def test_channels_are_found_by_kind_host_or_both(asked: dict[str, str], is_found: bool) -> None:  # noqa: FBT001 - a column of the table
    assert codes(Index([MARRIAGE]), **asked) == (["marriage"] if is_found else [])


def test_the_nearest_open_place_comes_first() -> None:
    here = (113.0, 22.0)
    entries = Index(
        [
            variant("none"),
            variant("far", places=(Place(None, 113.2, 22.0, ALL_DAY),)),
            variant("near", places=(Place(None, 113.1, 22.0, ALL_DAY), Place(None, 114.0, 22.0, ALL_DAY))),
            variant("closed", places=(Place(None, 113.0, 22.0), Place(None, 113.3, 22.0, ALL_DAY))),
        ]
    )
    assert codes(entries, text="结婚登记", near=here) == ["closed", "near", "far", "none"]
    assert codes(entries, near=here, open_at=NOW) == ["near", "far", "closed"]
    hits = entries.search(Query(at=NOW, near=here)).hits
    assert [hit.metres for hit in hits] == [0, 10310, 20620, None]


def test_what_is_only_like_the_question_stays_behind_though_it_is_near() -> None:
    near = (Place(None, 113.0, 22.0),)
    entries = Index(
        [
            variant("right", places=(Place(None, 114.0, 22.0),)),
            variant("like", name="婚前医学检查", everyday_name="", english=(), summary="", places=near),
        ]
    )
    assert codes(entries, text="结婚登记", near=(113.0, 22.0)) == ["right", "like"]


def test_reasons_say_which_word_was_found_how() -> None:
    def why(text: str) -> tuple[Reason, ...]:
        return Index([MARRIAGE]).search(Query(at=NOW, text=text, reasons=True)).hits[0].reasons

    assert why("结婚登记") == (Reason("结婚登记", "name", "结婚登记"),)
    assert why("领结婚证") == (Reason("领结婚证", "everyday", "领结婚证"),)
    assert why("扯证") == (Reason("扯证", "synonym", "结婚登记"),)
    assert why("jiehun") == (Reason("jiehun", "pinyin", "结婚登记"),)
    assert why("jhdj") == (Reason("jhdj", "initials", "结婚登记"),)
    assert why("jiheun") == (Reason("jiheun", "typo", "结婚"),)
    assert why("结昏")[0].how == "typo"
    assert why("marriages") == (Reason("marriages", "english", "Marriage registration"),)
    assert why("marrigae") == (Reason("marrigae", "typo", "marriage"),)
    assert why("自愿")[0].how == "text"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("身份正补办", "身份证补办"), ("高龄律贴", "高龄津贴"), ("divorse", "divorce"), ("结婚登记", None), ("", None)],
)
def test_a_typo_is_answered_with_what_may_have_been_meant(asked: str, meant: str | None) -> None:
    assert index().search(Query(at=NOW, text=asked)).did_you_mean == meant


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("jumingshenfenzhengbuling", "identity-card-replacement"),  # a letter is wrong
        ("xiaohaishangxue", "school-enrolment"),  # the words stand apart in its names
        ("公交卡", "bus-card"),
        ("户囗迁移", "household-registration-transfer"),  # looks alike
        ("居往证", "residence-permit"),
    ],
)
def test_what_is_only_like_a_name_is_found(typed: str, code: str) -> None:
    assert code in [hit.code for hit in index().search(Query(at=NOW, text=typed, first=3)).hits]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("结", "结婚登记"),
        ("结婚登", "结婚登记"),
        ("jieh", "结婚登记"),
        ("jhd", "结婚登记"),
        ("准生", "准生证"),
        ("不动产登j", "不动产登记信息查询"),
        ("passp", "First ordinary passport"),
        ("ETC", "ETC办理"),
        ("gong", "公司注销"),
    ],
)
def test_what_is_typed_goes_on_as_a_name(typed: str, first: str) -> None:
    assert first in [each.text for each in index().suggest(Query(at=NOW, text=typed, first=5))]


def test_suggestions_obey_filters_and_name_each_once() -> None:
    entries = Index([MARRIAGE, variant("b"), variant("c", district="other", name="结婚登记预约")])
    assert entries.suggest(Query(at=NOW, text="结婚", district=("city",))) == (Suggestion("结婚登记", "marriage"),)
    assert entries.suggest(Query(at=NOW, text="")) == ()


def test_facets_count_what_was_found() -> None:
    entries = Index(
        [variant("a", topics=("x", "y"), audience=("person",)), variant("b", topics=("x",)), variant("c", district="d")]
    )
    facets = entries.search(Query(at=NOW, facets=True, district=("city",))).facets
    assert facets is not None
    assert [(each.value, each.count) for each in facets.topic] == [("x", 2), ("y", 1)]
    assert [(each.value, each.count) for each in facets.channel] == [("mini_program", 2), ("window", 2)]
    assert [(each.value, each.count) for each in facets.district] == [("city", 2)]
    assert [(each.value, each.count) for each in facets.authority] == [("mz", 2)]


def test_a_cursor_goes_on_behind_its_hit_though_others_came_before_it() -> None:
    entries = Index([variant(f"c{at}", popularity=at) for at in range(10)])
    page = entries.search(Query(at=NOW, first=3))
    assert [hit.code for hit in page.hits] == ["c9", "c8", "c7"]
    entries.replace([variant("new", popularity=99)])
    assert codes(entries, first=3, after=page.hits[-1].cursor) == ["c6", "c5", "c4"]
    entries.remove(["c7", "new"])
    assert codes(entries, first=3, after=page.hits[-1].cursor) == ["c5", "c4", "c3"]


@pytest.mark.parametrize("after", ["x", "护照", "k8Q", "AAAA" * 1000])
def test_what_is_no_cursor_is_refused(after: str) -> None:
    with pytest.raises(CursorError):
        Index([MARRIAGE]).search(Query(at=NOW, after=after))


def test_a_cursor_belongs_to_its_question() -> None:
    entries = Index([MARRIAGE])
    cursor = entries.search(Query(at=NOW, text="结婚")).hits[0].cursor
    later = NOW.replace(tzinfo=UTC) + timedelta(minutes=5)
    assert codes(entries, text="结婚", after=cursor, at=later, first=5) == []
    with pytest.raises(CursorError):
        entries.search(Query(at=NOW, text="离婚", after=cursor))


def test_moments_have_a_time_zone() -> None:
    moment = datetime.fromisoformat("2026-05-01T10:00:00+08:00")
    assert codes(Index([variant("a", visible_from=NOW)]), at=moment) == ["a"]
