"""What a query over several departments gives, when they are well and when they are not."""

from typing import Any

import msgspec
import pytest

from tests.gateway.conftest import City, get
from tests.upstream.department import Do, answer

LOT = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "free": {"type": "integer"}},
}


def path_of(head: str) -> str:
    return head.split(" ")[1]


def echo(head: str) -> list[bytes]:
    return [answer(b'{"id": "%s", "name": "here", "free": 5}' % path_of(head).rsplit("/", 1)[-1].encode())]


async def parking(city: City, name: str = "parking") -> Any:
    department = await city.department(echo)
    await city.publish(name, {"/lots/{id}": get(LOT, "id:path", operationId="lot")}, department)
    return department


@pytest.mark.case("GW-one-query-three-departments")
async def test_one_query_asks_three_departments_at_once(city: City) -> None:
    asked: list[str] = []

    def together(head: str) -> Any:
        """Answer when all three have been asked: a gateway that asks one by one would never get an answer."""
        asked.append(head)
        while len(asked) < 3:
            yield 0.005
        yield from echo(head)

    for name in ("parking", "bus", "hospital"):
        department = await city.department(together)
        await city.publish(name, {"/lots/{id}": get(LOT, "id:path", operationId="lot")}, department)
    result = await city.ask(
        "query ($id: String!) { parking { lot(id: $id) { id } } bus { lot(id: $id) { name } }"
        " hospital { other: lot(id: $id) { id free } } }",
        id="7",
    )
    assert result == {
        "data": {
            "parking": {"lot": {"id": "7"}},
            "bus": {"lot": {"name": "here"}},
            "hospital": {"other": {"id": "7", "free": 5}},
        }
    }


async def test_a_dead_department_gives_null_and_an_error_at_its_path_and_nothing_else(city: City) -> None:
    await parking(city, "parking")
    dead = await parking(city, "bus")
    await dead.stop()
    result = await city.ask('{ bus { lot(id: "1") { id } } parking { lot(id: "2") { id } } }')
    assert result["data"] == {"bus": {"lot": None}, "parking": {"lot": {"id": "2"}}}
    (error,) = result["errors"]
    assert error["path"] == ["bus", "lot"]
    assert error["extensions"] == {"code": "UPSTREAM_UNREACHABLE", "service": "bus"}
    assert error["locations"] == [{"line": 1, "column": 9}]


async def test_equal_reads_of_one_request_are_sent_once(city: City) -> None:
    department = await parking(city)
    result = await city.ask(
        'query ($id: String!) { parking { a: lot(id: $id) { id } b: lot(id: "1") { name } c: lot(id: "2") { id } } }',
        id="1",
    )
    assert result["data"]["parking"] == {"a": {"id": "1"}, "b": {"name": "here"}, "c": {"id": "2"}}
    assert sorted(path_of(head) for head in department.heads) == ["/lots/1", "/lots/2"]


async def test_mutations_are_sent_one_after_the_other_in_their_order(city: City) -> None:
    events: list[str] = []

    def slowly(head: str) -> Any:
        name = path_of(head).rsplit("/", 1)[-1]
        events.append(f"{name} begins")
        yield 0.02
        events.append(f"{name} ends")
        yield answer(b'{"id": "%s"}' % name.encode())

    department = await city.department(slowly)
    operation = get(LOT, "id:path", operationId="book")["get"]
    await city.publish("parking", {"/book/{id}": {"post": operation}}, department)
    result = await city.ask(
        'mutation { parking { a: book(id: "1") { id } b: book(id: "2") { id } c: book(id: "1") { id } } }'
    )
    assert result["data"]["parking"] == {"a": {"id": "1"}, "b": {"id": "2"}, "c": {"id": "1"}}
    assert events == [f"{name} {what}" for name in "121" for what in ("begins", "ends")]


async def test_a_mutation_that_fails_does_not_stop_the_next(city: City) -> None:
    def script(head: str) -> list[bytes | Do]:
        return [Do.RESET] if path_of(head) == "/book/1" else echo(head)  # type: ignore[return-value]  # bytes are steps

    department = await city.department(script)
    operation = get(LOT, "id:path", operationId="book")["get"]
    await city.publish("parking", {"/book/{id}": {"post": operation}}, department)
    result = await city.ask('mutation { parking { a: book(id: "1") { id } b: book(id: "2") { id } } }')
    assert result["data"] == {"parking": {"a": None, "b": {"id": "2"}}}
    assert [error["extensions"]["code"] for error in result["errors"]] == ["UPSTREAM_RESET"]
    assert len(department.heads) == 2, "a change is never repeated"


async def test_conditions_decide_what_is_asked(city: City) -> None:
    department = await parking(city)
    query = (
        "query ($a: Boolean!, $b: Boolean = true) {"
        ' parking { one: lot(id: "1") @include(if: $a) { id name @skip(if: $b) }'
        ' two: lot(id: "2") @skip(if: $a) { id } } }'
    )
    assert (await city.ask(query, a=True))["data"] == {"parking": {"one": {"id": "1"}}}
    assert (await city.ask(query, a=True, b=False))["data"] == {"parking": {"one": {"id": "1", "name": "here"}}}
    assert (await city.ask(query, a=False))["data"] == {"parking": {"two": {"id": "2"}}}
    assert [path_of(head) for head in department.heads] == ["/lots/1", "/lots/1", "/lots/2"]


async def test_a_condition_that_is_null_is_an_error_of_the_request(city: City) -> None:
    department = await parking(city)
    result = await city.ask('query ($a: Boolean = true) { parking { lot(id: "1") @include(if: $a) { id } } }', a=None)
    assert result["data"] is None
    assert "'$a'" in result["errors"][0]["message"]
    assert not department.heads


async def test_the_platforms_own_fields_stand_beside_the_departments(city: City) -> None:
    await parking(city)
    result = await city.ask(
        "query ($name: String!) { catalog { service(name: $name) { title { zh } } }"
        ' parking { __typename lot(id: "1") { id } } __typename }',
        name="parking",
    )
    assert result == {
        "data": {
            "catalog": {"service": {"title": {"zh": "服务"}}},
            "parking": {"__typename": "ParkingQuery", "lot": {"id": "1"}},
            "__typename": "Query",
        }
    }


async def test_what_a_department_says_of_an_error_reaches_the_front_end(city: City) -> None:
    problem = b'{"type": "about:blank", "title": "No such lot", "status": 404, "lot": "9"}'
    department = await city.department(
        lambda _: [answer(problem, "404 Not Found", "content-type: application/problem+json\r\n")]
    )
    await city.publish("parking", {"/lots/{id}": get(LOT, "id:path", operationId="lot")}, department)
    result = await city.ask('{ parking { lot(id: "9") { id } } }')
    assert result["data"] == {"parking": {"lot": None}}
    (error,) = result["errors"]
    assert error["message"] == "parking answered 404 Not Found: No such lot"
    assert error["extensions"]["status"] == 404
    assert error["extensions"]["problem"]["lot"] == "9"


async def test_too_much_of_the_platforms_own_is_said_as_what_it_is(city: City) -> None:
    roots = " ".join(f"a{each}: me {{ __typename }}" for each in range(11))
    (error,) = (await city.ask(f"{{ {roots} }}"))["errors"]
    assert error["message"] == "11 of the platform's own root fields are too many at once. Ask for 10 at most."
    fields = " ".join(f"a{each}: __typename" for each in range(200))
    (error,) = (await city.ask(f"{{ me {{ {fields} }} }}"))["errors"]
    assert error["message"] == "201 of the platform's own fields are too many at once. Ask for 200 at most."


async def test_departments_fragments_do_not_count_as_the_platforms_own_fields(city: City) -> None:
    await parking(city)
    fields = " ".join(f"a{each}: id" for each in range(250))
    fragments = f"fragment F on ParkingLot_Answer {{ {fields} }} fragment M on Me {{ __typename }}"
    query = f"query ($id: String!) {{ me {{ ...M }} parking {{ lot(id: $id) {{ ...F }} }} }} {fragments}"
    result = await city.ask(query, id="1")
    assert len(result["data"]["parking"]["lot"]) == 250, result


async def test_an_operation_has_a_deadline_of_its_own(city: City) -> None:
    department = await city.department(lambda _: [Do.HANG])
    await city.publish(
        "parking",
        {"/lots/{id}": get(LOT, "id:path", operationId="lot")},
        department,
        operations={"lot": {"timeout_seconds": 0.1}},
    )
    result = await city.ask('{ parking { lot(id: "9") { id } } }')
    assert [error["extensions"]["code"] for error in result["errors"]] == ["UPSTREAM_TIMEOUT"]
    await department.until(lambda: department.open == 0)


async def test_an_operation_may_take_longer_than_its_service(city: City) -> None:
    department = await city.department(lambda _: [0.3, answer(b'{"id": "9"}')])
    await city.publish(
        "parking",
        {"/lots/{id}": get(LOT, "id:path", operationId="lot"), "/first": get(LOT, operationId="first")},
        department,
        upstream={"timeout_seconds": 0.1},
        operations={"lot": {"timeout_seconds": 5}},
    )
    result = await city.ask('{ parking { lot(id: "9") { id } first { id } } }')
    assert result["data"] == {"parking": {"lot": {"id": "9"}, "first": None}}
    assert [error["extensions"]["code"] for error in result["errors"]] == ["UPSTREAM_TIMEOUT"]


async def test_an_operation_may_not_ask_without_end(city: City) -> None:
    await parking(city)
    fields = " ".join(f'f{index}: lot(id: "{index}") {{ id }}' for index in range(city.settings.max_fetches + 1))
    result = await city.ask(f"{{ parking {{ {fields} }} }}")
    assert result["errors"][0]["extensions"]["code"] == "OPERATION_TOO_LARGE"
    assert "data" not in result


async def test_a_path_argument_cannot_leave_its_place(city: City) -> None:
    department = await parking(city)
    result = await city.ask('{ parking { a: lot(id: "..") { id } b: lot(id: "admin/7?x=1#y") { id } } }')
    assert [error["extensions"]["code"] for error in result["errors"]] == ["BAD_ARGUMENT"]
    assert [path_of(head) for head in department.heads] == ["/lots/admin%2F7%3Fx%3D1%23y"]


async def test_variables_that_are_not_asked_for_do_no_harm(city: City) -> None:
    headers = {b"content-type": b"application/json"}
    for variables in (b'{"x": 1e999}', b'{"x": "\xff"}'):
        body = b'{"query": "{ catalog { services { name } } }", "variables": %s}' % variables
        status, _, answered = await city.gateway.direct["/graphql"]("POST", b"", headers, body)
        assert status in (200, 400)
        assert b"INTERNAL_ERROR" not in answered


async def test_a_long_answer_is_read_like_a_short_one(city: City) -> None:
    rows = [{"id": str(number), "name": "x" * 100} for number in range(5000)]
    department = await city.department(lambda _: [answer(msgspec.json.encode(rows))])
    await city.publish("parking", {"/lots": get({"type": "array", "items": LOT}, operationId="lots")}, department)
    result = await city.ask("{ parking { lots { id } } }")
    assert result == {"data": {"parking": {"lots": [{"id": row["id"]} for row in rows]}}}
