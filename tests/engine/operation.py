"""One slice with every kind of type, and its operations planned from text: what the engine's unit tests stand on."""

from typing import Any

from graphql import OperationDefinitionNode, parse, validate

from supergraph.plan import Fetch, Plan
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import (
    Answer,
    Argument,
    Binding,
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputType,
    Member,
    ObjectType,
    Operation,
    Slice,
    Type,
    UnionType,
)
from supergraph.types import SliceTypes
from supergraph.wire import Response

JSON = "application/json"


def fields(**types: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, type=type_, source=name) for name, type_ in types.items())


def get(name: str, type_: str, *answers: Answer, arguments: tuple[Argument, ...] = ()) -> Operation:
    binding = Binding(method="GET", path=f"/{name}", answers=answers or (Answer("200", "json", type_),))
    return Operation(name=name, kind="query", type=type_, binding=binding, arguments=arguments, source=name)


def post(name: str, type_: str, *, group: str = "") -> Operation:
    binding = Binding(method="POST", path=f"/{name}", answers=(Answer("200", "json", type_),))
    return Operation(name=name, kind="mutation", type=type_, binding=binding, group=group, source=name)


_TYPES: tuple[Type, ...] = (
    ObjectType(
        name="CityLot",
        fields=(
            *fields(
                id="String!", bays="Int", price="Float", open="Boolean", number="BigInt", raw="JSON", next="CityLot"
            ),
            Field(name="exact", type="Decimal", source="exact"),
            Field(name="kind", type="CityKind", source="lot-kind"),
            Field(name="tags", type="[CityTag!]", source="tags"),
            Field(name="owner", type="CityOwner", source="owner"),
            Field(name="lots", type="[CityLot!]", source="lots"),
            Field(name="odd", type="String", source='a"b'),
        ),
    ),
    EnumType(name="CityKind", values=(EnumValue(name="A_B", source="a-b"), EnumValue(name="C", source="c"))),
    ObjectType(name="CityTag", kind="entry", fields=fields(key="String!", value="Int")),
    UnionType(
        name="CityOwner",
        discriminator="t",
        members=(Member(type="CityPerson", tags=("p", "pp")), Member(type="CityFirm", tags=("f",))),
    ),
    ObjectType(name="CityPerson", fields=fields(name="String", t="String!")),
    ObjectType(name="CityFirm", fields=fields(size="Int!")),
    UnionType(
        name="CityAnswer",
        members=(Member(type="CityFirm", status=("200",)), Member(type="CityPerson", status=("2XX",))),
    ),
    InputType(
        name="CityForm",
        fields=(
            InputField(name="title", type="String!", source="the-title"),
            InputField(name="kind", type="CityKind", source="kind"),
            InputField(name="form", type="CityForm", source="form"),
        ),
    ),
)


def slice_(*operations: Operation) -> Slice:
    return Slice(service="city", types={one.name: one for one in _TYPES}, operations=operations)


def plan(text: str, *operations: Operation) -> Plan:
    """Plan the only operation of a valid document over the service ``city``."""
    types = SliceTypes(slice_(*operations))
    document = parse(text)
    schema = scoped_schema([types], named_fields(document))
    assert not validate(schema, document)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return Plan(schema, document, operation, {"city": types})


def fetch(selection: str, operation: Operation | None = None) -> Fetch:
    """Plan one root field without arguments and return its fetch."""
    operation = operation or get("lot", "CityLot")
    return plan(f"{{ city {{ {operation.name} {selection} }} }}", operation).variant({}).fetches[0]


def answer(body: bytes, status: int = 200, media_type: str = JSON, **headers: str) -> Response:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Response(status, [(b"content-type", media_type.encode()), *pairs], body)


def only(errors: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(errors) == 1
    return errors[0]
