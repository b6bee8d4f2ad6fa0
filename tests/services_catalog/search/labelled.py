"""The labelled questions and the index that they are asked of."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from services_catalog.demo.names import Item, items, words
from services_catalog.search.index import Index
from services_catalog.search.query import Query
from services_catalog.search.searchable import Searchable

NOW = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)


class Labelled(NamedTuple):
    split: str  # tune, or held_out: never looked at while the ranking was tuned
    kind: str
    text: str
    right: tuple[str, ...]


class Quality(NamedTuple):
    questions: int
    recall: float  # of the right entries, the share that is among the first ten (of ten, if more are right)
    top_3: float  # the share of questions whose first right entry is among the first three


def searchable(item: Item) -> Searchable:
    topics, events = words("topics"), words("life_events")
    labelled = [*(topics[each] for each in item.topics), *(events[each] for each in item.life_events)]
    return Searchable(
        code=item.code,
        district="city",
        authority=item.department,
        authority_name=words("departments")[item.department].name,
        name=item.name,
        everyday_name=item.everyday_name,
        alternate_names=item.alternate_names,
        english=(item.english,),
        topics=item.topics,
        life_events=item.life_events,
        labels=tuple(each.name for each in labelled),
        audience=(item.audience,),
    )


@cache
def index() -> Index:
    return Index(map(searchable, items()))


@cache
def labelled() -> tuple[Labelled, ...]:
    with (Path(__file__).parent / "queries.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(Labelled(row["split"], row["kind"], row["query"], tuple(row["right"].split(";"))) for row in rows)


def found(text: str) -> list[str]:
    return [hit.code for hit in index().search(Query(text=text, at=NOW, first=10)).hits]


def quality(questions: Sequence[Labelled]) -> Quality:
    recalls, first = [], 0
    for each in questions:
        codes = found(each.text)
        recalls.append(len(set(codes) & set(each.right)) / min(10, len(each.right)))
        first += any(code in each.right for code in codes[:3])
    return Quality(len(questions), sum(recalls) / len(questions), first / len(questions))
