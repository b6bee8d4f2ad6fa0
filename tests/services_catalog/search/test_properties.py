"""For any entries and any question: nothing forbidden is found or counted, pages are complete, nothing ever fails."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services_catalog.search.hours import is_open
from services_catalog.search.index import Index
from services_catalog.search.query import Facets, Query
from services_catalog.search.searchable import WEEKDAYS, Channel, Place, Searchable, WeeklyHours
from tests.services_catalog.search.labelled import NOW

pytestmark = pytest.mark.case("issue-4.5")

PATHS = {"city": ("city",), "north": ("north", "city"), "south": ("south", "city"), "town": ("town", "south", "city")}
NAMES = (
    "结婚登记",
    "离婚登记",
    "居民身份证补领",
    "护照换发",
    "住房公积金提取",
    "老年人免费乘车",
    "ETC办理",
    "新生儿医保参保",
)
TEXTS = ("", "结婚", "jiehun", "jhdj", "登记", "身份正", "passport", "老人坐车", "办理", "公积金怎么取")
TIMES = st.sampled_from(["08:00", "10:00", "12:00", "18:00", "23:00"])

hours = st.builds(WeeklyHours, st.lists(st.sampled_from(WEEKDAYS), max_size=3).map(tuple), TIMES, TIMES)
places = st.builds(
    Place,
    st.sampled_from([None, "office"]),
    st.none() | st.floats(112, 114),
    st.floats(21, 23),
    st.lists(hours, max_size=2).map(tuple),
)
moments = st.none() | st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
channels = st.builds(Channel, st.sampled_from(["window", "mini_program"]), st.sampled_from([None, "wechat", "alipay"]))


def several(values: Iterable[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(list(values)), max_size=2).map(tuple)


entries = st.lists(
    st.builds(
        Searchable,
        code=st.integers(0, 30).map("e{}".format),
        level=st.sampled_from(["item", "implementation"]),
        district=st.sampled_from(list(PATHS)),
        authority=st.sampled_from(["mz", "ga"]),
        name=st.sampled_from(NAMES),
        english=st.just(("First passport",)) | st.just(()),
        topics=several("xyz"),
        life_events=several("uv"),
        audience=several(["person", "enterprise"]),
        channels=st.lists(channels, max_size=2).map(tuple),
        places=st.lists(places, max_size=2).map(tuple),
        visible_from=moments,
        visible_until=moments,
        popularity=st.integers(0, 3),
    ),
    max_size=25,
)
queries = st.builds(
    Query,
    at=st.just(NOW),
    text=st.sampled_from(TEXTS),
    district=st.just(()) | st.sampled_from(list(PATHS.values())),
    level=st.none() | st.sampled_from(["item", "implementation"]),
    audience=st.none() | st.sampled_from(["person", "enterprise"]),
    topic=st.none() | st.sampled_from("xyz"),
    life_event=st.none() | st.sampled_from("uv"),
    channel=st.none() | st.sampled_from(["window", "mini_program"]),
    host=st.none() | st.sampled_from(["wechat", "alipay"]),
    near=st.none() | st.just((113.0, 22.0)),
    open_at=moments,
    first=st.just(100),
    facets=st.just(value=True),
)


def allowed(entry: Searchable, query: Query) -> bool:
    """The filters once more, in Python."""
    return (
        (entry.visible_from is None or entry.visible_from <= query.at)
        and (entry.visible_until is None or query.at < entry.visible_until)
        and (not query.district or entry.district in query.district)
        and query.level in (None, entry.level)
        and (query.audience is None or query.audience in entry.audience)
        and (query.topic is None or query.topic in entry.topics)
        and (query.life_event is None or query.life_event in entry.life_events)
        and _by_channel(entry, query)
        and (query.open_at is None or any(is_open(place, query.open_at) for place in entry.places))
    )


def _by_channel(entry: Searchable, query: Query) -> bool:
    if query.channel is None and query.host is None:
        return True
    return any(
        query.channel in (None, each.kind) and query.host in (None, each.host or None) for each in entry.channels
    )


def counted(found: Iterable[Searchable]) -> dict[str, Counter[str]]:
    return {
        "topic": Counter(value for each in found for value in set(each.topics)),
        "audience": Counter(value for each in found for value in set(each.audience)),
        "channel": Counter(value for each in found for value in {way.kind for way in each.channels}),
        "district": Counter(each.district for each in found),
        "authority": Counter(each.authority for each in found),
    }


def as_counters(facets: Facets | None) -> dict[str, Counter[str]]:
    assert facets is not None
    return {
        name: Counter({each.value: each.count for each in getattr(facets, name)}) for name in facets.__struct_fields__
    }


@given(entries, queries)
def test_only_what_is_allowed_is_found_and_counted(given_entries: list[Searchable], query: Query) -> None:
    index = Index(given_entries)
    by_code = {each.code: each for each in given_entries}
    answer = index.search(query)
    found = [by_code[hit.code] for hit in answer.hits]
    assert all(allowed(each, query) for each in found)
    assert answer.total == len(found) == len({each.code for each in found})
    assert as_counters(answer.facets) == counted(found)
    if not query.text:
        assert {each.code for each in found} == {each.code for each in by_code.values() if allowed(each, query)}
        if query.near is None:
            assert [each.popularity for each in found] == sorted((each.popularity for each in found), reverse=True)
    assert all(allowed(by_code[each.code], query) for each in index.suggest(query))


@given(entries, entries, st.lists(st.integers(0, 30).map("e{}".format), max_size=10), queries)
def test_changes_lead_where_building_anew_leads(
    first: list[Searchable], second: list[Searchable], gone: list[str], query: Query
) -> None:
    changed = Index(first)
    changed.replace(second)
    changed.remove(gone)
    left = {each.code: each for each in [*first, *second] if each.code not in gone}
    one, other = changed.search(query), Index(left.values()).search(query)
    assert {hit.code for hit in one.hits} == {hit.code for hit in other.hits}
    assert one.total == other.total
    assert one.facets == other.facets
    assert {hit.code: hit.metres for hit in one.hits} == {hit.code: hit.metres for hit in other.hits}


@given(entries, queries, st.integers(1, 7))
def test_pages_hold_every_hit_once_in_order(given_entries: list[Searchable], query: Query, first: int) -> None:
    index = Index(given_entries)
    everything = [hit.code for hit in index.search(query).hits]
    paged: list[str] = []
    after = None
    while page := index.search(msgspec.structs.replace(query, first=first, after=after)).hits:
        paged += [hit.code for hit in page]
        after = page[-1].cursor
    assert paged == everything


SYNTAX = st.sampled_from(
    ['"', "(", ")", "+", "-", "*", "~", ":", "^", "$", "[a TO z]", "AND", "NOT", "\\", "/.*/", "{", "_"]
)
anything = st.text() | st.text(st.characters(), max_size=300) | st.lists(SYNTAX | st.sampled_from(TEXTS)).map(" ".join)
long_texts = st.tuples(
    st.sampled_from(["护", "a", "结婚", "jie hun ", "x9", "zhuang", "xian"]), st.integers(1, 100_000)
)
INDEX = Index([Searchable(code=f"e{at}", district="city", authority="mz", name=name) for at, name in enumerate(NAMES)])


@given(anything | long_texts.map(lambda part: part[0] * part[1]))
def test_any_text_is_answered(text: str) -> None:
    asked = Query(at=NOW, text=text, reasons=True, facets=True)
    answer = INDEX.search(asked)
    assert answer.total >= len(answer.hits)
    INDEX.suggest(asked)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_of_a_filter_is_answered(value: str) -> None:
    for name in ("level", "audience", "topic", "life_event", "channel", "host"):
        assert INDEX.search(msgspec.structs.replace(Query(at=NOW), **{name: value})).total in (0, len(NAMES))


@given(st.text(), st.text(), st.lists(st.text(), max_size=3).map(tuple))
def test_any_entry_can_be_indexed_and_is_listed(name: str, summary: str, also: tuple[str, ...]) -> None:
    index = Index(
        [Searchable(code="e", district="city", authority="mz", name=name, summary=summary, alternate_names=also)]
    )
    assert [hit.code for hit in index.search(Query(at=NOW)).hits] == ["e"]
