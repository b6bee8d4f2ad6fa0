"""One answer read in three ways, in one process: compiled codec, exact walk, graphql-core; and JSON alone for scale.

A list of 100 objects of 12 properties, about 28 kB, of which 6 are selected; and one object, 3 of 8. Each way goes
from the department's bytes to the answer's. Rounds are interleaved; figures are medians of CPU microseconds.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLNonNull, OperationDefinitionNode, execute, parse

from bench.report import conditions
from supergraph.plan import Plan
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import (
    Answer,
    Binding,
    EnumType,
    EnumValue,
    Field,
    Member,
    ObjectType,
    Operation,
    Slice,
    UnionType,
)
from supergraph.types import SliceTypes
from supergraph.wire import Response

ROUNDS, SECONDS = 7, 0.15
OUT = Path(__file__).parent / "out" / "codec.json"
WORKLOADS = {
    "small": "lot { id name open }",
    "equal names": "lots { id name bays price open street }",
    "other names": "lots { id name freeBays pricePerHour isOpen streetName }",
    "aliases": "lots { a: id b: name c: bays d: price e: open f: street }",
    "type names": "lots { __typename id name bays price open }",
    "renamed enum": "lots { id name bays price open kind }",
    "union": "lots { id owner { ... on CityPerson { name phone } ... on CityFirm { name size } } }",
    "map": "lots { id name tags { key value } }",
    "free JSON": "lots { id name extra }",
}
Ways = dict[str, Callable[[], Any]]


def main() -> None:
    """Measure, print a table and write it for programs."""
    figures = {title: measured(ways(selection)) for title, selection in WORKLOADS.items()}
    workloads = {
        title: {
            **{name: {"cpu_microseconds": round(value, 1)} for name, value in found.items()},
            "ratio": {name: round(value / found["codec"], 2) for name, value in found.items() if name != "codec"},
        }
        for title, found in figures.items()
    }
    names = list(next(iter(figures.values())))
    print(f"{'CPU µs':14}" + "".join(f"{name:>18}" for name in names))
    for title, found in figures.items():
        cells = [f"{found[name]:9.1f} {found[name] / found['codec']:6.1f} ×" for name in names]
        print(f"{title:14}" + "".join(f"{cell:>18}" for cell in cells))
    OUT.parent.mkdir(exist_ok=True)
    report = {"conditions": conditions({"rounds": ROUNDS, "bytes": len(body("lots"))}), "workloads": workloads}
    OUT.write_text(json.dumps(report, indent=2) + "\n")


def ways(selection: str) -> Ways:
    """Plan the selection; return the ways to answer it, which must agree."""
    types = SliceTypes(slice_())
    document = parse(f"{{ city {{ {selection} }} }}")
    schema = scoped_schema([types], named_fields(document))
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - the text above says so
    fetch = Plan(schema, document, operation, {"city": types}).variant({}).fetches[0]
    reader, data = fetch._reader, body(fetch.operation.name)  # noqa: SLF001 - measures the engine's inside
    response = Response(200, [(b"content-type", b"application/json")], data)
    form = reader._find(200)  # noqa: SLF001 - as above
    assert form is not None  # noqa: S101 - narrows
    assert form.codec is not None  # noqa: S101 - narrows
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    assert schema.query_type is not None  # noqa: S101 - narrows
    service = schema.query_type.fields["city"].type
    assert isinstance(service, GraphQLNonNull)  # noqa: S101 - narrows
    service.of_type.fields[fetch.operation.name].resolve = lambda _source, _info: decode(data)

    def core() -> bytes:
        result = execute(schema, document)
        assert isinstance(result, ExecutionResult)  # noqa: S101 - narrows
        return encode(result.data)

    codec = form.codec
    found: Ways = {
        "codec": lambda: codec(data),
        "JSON": lambda: encode(decode(data)),
        "walk": lambda: reader._walk(form, response, "city")[0],  # noqa: SLF001 - as above
        "graphql-core": core,
    }
    value = decode(codec(data))
    assert value == decode(found["walk"]()) == decode(core())["city"][fetch.operation.name]  # noqa: S101 - a benchmark of wrong answers says nothing
    return found


def measured(ways: Ways) -> dict[str, float]:
    """Return the median CPU microseconds of each way."""
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            rounds[name].append(one_round(way))
    return {name: median(times) for name, times in rounds.items()}


def one_round(way: Callable[[], Any]) -> float:
    """Return the CPU microseconds of one call, the mean over a while."""
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < SECONDS:
        for _ in range(5):
            way()
        count += 5
    return spent / count * 1e6


def body(operation: str) -> bytes:
    """Return the department's answer: a list of lots, or one."""
    lots = [
        {
            "id": f"lot-{number}",
            "name": f"停车场 {number}",
            "bays": number,
            "price": number / 4,
            "open": number % 2 == 0,
            "street": f"{number} Long Street, District {number % 16}",
            "lot-kind": "multi-storey" if number % 3 else "street",
            "owner": {"t": "p", "name": "Li", "phone": "1380000"} if number % 2 else {"t": "f", "name": "A", "size": 3},
            "tags": {"ev": number, "wheelchair": 2},
            "extra": {"a": [number, 2, 3], "b": None},
            "note": "x" * 20,
            "updated": "2026-11-22T08:00:00+08:00",
        }
        for number in range(100)
    ]
    return msgspec.json.encode(lots if operation == "lots" else lots[0])


def slice_() -> Slice:
    """Return a service whose lots have a field of every kind."""

    def field(name: str, type_: str, source: str = "") -> Field:
        return Field(name=name, type=type_, source=source or name)

    def get(name: str, type_: str) -> Operation:
        binding = Binding(method="GET", path=f"/{name}", answers=(Answer("200", "json", type_),))
        return Operation(name=name, kind="query", type=type_, binding=binding)

    lot = ObjectType(
        name="CityLot",
        fields=(
            *(field("id", "String!"), field("name", "String!"), field("bays", "Int!"), field("price", "Float!")),
            *(field("open", "Boolean!"), field("street", "String"), field("kind", "CityKind!", "lot-kind")),
            *(field("owner", "CityOwner"), field("tags", "[CityTag!]"), field("extra", "JSON")),
            *(field("freeBays", "Int!", "bays"), field("pricePerHour", "Float!", "price")),
            *(field("isOpen", "Boolean!", "open"), field("streetName", "String", "street")),
        ),
    )
    kinds = (EnumValue(name="MULTI_STOREY", source="multi-storey"), EnumValue(name="STREET", source="street"))
    owner = UnionType(
        name="CityOwner", discriminator="t", members=(Member("CityPerson", ("p",)), Member("CityFirm", ("f",)))
    )
    types = (
        *(lot, owner, EnumType(name="CityKind", values=kinds)),
        ObjectType(name="CityPerson", fields=(field("name", "String!"), field("phone", "String"))),
        ObjectType(name="CityFirm", fields=(field("name", "String!"), field("size", "Int"))),
        ObjectType(name="CityTag", kind="entry", fields=(field("key", "String!"), field("value", "Int"))),
    )
    return Slice(
        service="city",
        types={one.name: one for one in types},
        operations=(get("lots", "[CityLot!]"), get("lot", "CityLot")),
    )


if __name__ == "__main__":
    main()
