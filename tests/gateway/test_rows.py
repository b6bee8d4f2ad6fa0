"""Lists of the platform's own objects: whatever they hold and is selected, they are as graphql-core has them."""

from datetime import UTC
from typing import Any, cast

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, parse
from graphql.execution import Executor
from hypothesis import example, given
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from auth.policies import PUBLIC
from gateway.pipeline.rows import RowExecutor
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
class Office:
    """A list of days, too."""

    code: str
    days: list[Day | None] | None


@strawberry.type
class Query:
    """Lists of days, and of what has days."""

    @strawberry.field
    def offices(self) -> list[Office]:
        return cast("list[Office]", self)

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
    "at": st.just("2026-12-01T00:00:00Z") | st.none() | st.datetimes(timezones=st.just(UTC)),
    "times": st.integers(-(2**31), 2**31 - 1) | st.sampled_from([2**31, None, 1.0, 1.5, "1", True]),
    "share": st.floats() | st.sampled_from([1, None, "x"]),
    "is_open": st.booleans() | st.sampled_from([0, 1, None]),
})  # fmt: skip
_selections = st.lists(st.sampled_from([*FIELDS, *(f"other: {each}" for each in FIELDS)]), min_size=1, unique=True)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    made = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema
    guard(made, {"Query": PUBLIC, "Day": PUBLIC, "Office": PUBLIC})
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


@example([[PLAIN, PLAIN], [], [PLAIN]], FIELDS)
@example([[PLAIN], None], ["id"])
@example([[None], [PLAIN]], ["__typename"])
@given(st.lists(st.none() | st.lists(st.none() | _values, max_size=3), max_size=3), _selections)
def test_rows_of_rows_are_graphql_cores(schema: GraphQLSchema, offices: list[Any], fields: list[str]) -> None:
    rows = [
        Office(code=str(number), days=each and [None if day is None else Day(**day) for day in each])
        for number, each in enumerate(offices)
    ]
    query = f"{{ offices {{ days {{ {' '.join(fields)} }} code }} }}"
    assert repr(_answer(schema, query, rows, RowExecutor)) == repr(_answer(schema, query, rows, Executor))


@pytest.mark.parametrize(
    ("selected", "fields_resolved"),
    [
        ("allDays { id name at times share isOpen __typename }", 1),
        ("offices { code days { id name at } }", 1),
        ("allDays { id twice }", 3),
        ("offices { code days { id twice } }", 5),
    ],
)
def test_what_is_plain_is_read_at_once(
    schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch, selected: str, fields_resolved: int
) -> None:
    resolved = list[str]()
    one_by_one = Executor.execute_field

    def watched(self: Any, parent_type: Any, *given: Any) -> Any:
        resolved.append(parent_type.name)
        return one_by_one(self, parent_type, *given)

    monkeypatch.setattr(Executor, "execute_field", watched)
    days = [Day(**PLAIN)]
    root = [Office(code="a", days=cast("Any", days))] if "offices" in selected else days
    assert "errors" not in _answer(schema, f"{{ {selected} }}", root, RowExecutor)
    assert len(resolved) == fields_resolved
