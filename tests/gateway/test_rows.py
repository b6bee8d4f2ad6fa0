"""Lists of the platform's own objects: whatever they hold and is selected, they are as graphql-core has them."""

from typing import Any, cast

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, parse
from graphql.execution import Executor
from hypothesis import example, given
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from auth.policies import PUBLIC
from gateway.pipeline.rows import RowExecutor, _rows
from schema.policies import guard
from schema.scalars import SCALARS, DateTimeText


@strawberry.type
class Day:
    """Attributes, and one field that is none."""

    id: strawberry.ID
    name: str | None
    at: DateTimeText
    times: int
    share: float
    is_open: bool

    @strawberry.field
    def twice(self) -> int:
        return self.times * 2


@strawberry.type
class Query:
    """Lists of days."""

    @strawberry.field
    def days(self) -> list[Day | None]:
        return cast("list[Day | None]", self)

    @strawberry.field
    def all_days(self) -> list[Day] | None:
        return cast("list[Day]", self)


FIELDS = ["id", "name", "at", "times", "share", "isOpen", "twice", "__typename"]
_values = st.fixed_dictionaries({
    "id": st.text(max_size=3),
    "name": st.none() | st.text(max_size=3),
    "at": st.just("2026-12-01T00:00:00Z") | st.none(),
    "times": st.integers(-(2**31), 2**31 - 1) | st.sampled_from([2**31, None, 1.0, 1.5, "1", True]),
    "share": st.floats() | st.sampled_from([1, None, "x"]),
    "is_open": st.booleans() | st.sampled_from([0, 1, None]),
})  # fmt: skip
_selections = st.lists(st.sampled_from([*FIELDS, *(f"other: {each}" for each in FIELDS)]), min_size=1, unique=True)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    made = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema
    guard(made, {"Query": PUBLIC, "Day": PUBLIC})
    return made


def _answer(schema: GraphQLSchema, query: str, days: list[Any], executor: type[Executor[None]]) -> Any:
    found = execute(schema, parse(query), root_value=days, executor_class=executor)
    assert isinstance(found, ExecutionResult)
    return found.formatted


PLAIN: dict[str, Any] = {
    "id": "a",
    "name": "b",
    "at": "2026-12-01T00:00:00Z",
    "times": 1,
    "share": 0.5,
    "is_open": True,
}


@example([PLAIN, PLAIN], FIELDS)
@example([PLAIN, None], ["id"])
@example([PLAIN, None], ["__typename"])
@given(st.lists(st.none() | _values, max_size=4), _selections)
def test_rows_are_graphql_cores(schema: GraphQLSchema, days: list[dict[str, Any] | None], fields: list[str]) -> None:
    rows = [None if each is None else Day(**each) for each in days]
    for root in ("days", "allDays"):
        for query in (f"{{ {root} {{ {' '.join(fields)} }} }}", f"{{ {root} {{ ... {{ {fields[0]} }} id id }} }}"):
            assert repr(_answer(schema, query, rows, RowExecutor)) == repr(_answer(schema, query, rows, Executor))


def test_what_is_plain_is_read_at_once(schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list[Any]()

    def watched(*given: Any) -> Any:
        found.append(_rows(*given))
        return found[-1]

    monkeypatch.setattr("gateway.pipeline.rows._rows", watched)
    selected = "{ allDays { id name at times share isOpen __typename } }"
    answer = _answer(schema, selected, [Day(**PLAIN)], RowExecutor)
    assert answer["data"]["allDays"] == found[0]
    _answer(schema, "{ allDays { id twice } }", [Day(**PLAIN)], RowExecutor)
    assert found[1] is None
