"""What is decided of a call once per document: its cost, its privacy class, who may have what it selects."""

from typing import Any

import msgspec
import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from supergraph.plan import NO_STORE, Plan, Variant
from supergraph.scope import named_fields, scoped_schema
from supergraph.sdl import print_slice
from supergraph.slice import (
    Access,
    Answer,
    Argument,
    Binding,
    Field,
    ListSize,
    Member,
    ObjectType,
    Operation,
    PrivacyRule,
    Slice,
    UnionType,
    decode,
    encode,
)
from supergraph.types import SliceTypes

PUBLIC = Access("public")
LIMIT = ListSize(("limit", "size"), 20)
PAGE = (Argument(name="page", type="BigInt", source="page", place="query"),)


def operation(name: str, type_: str = "CityLot", **more: Any) -> Operation:
    arguments = tuple(Argument(name=each, type="Int", source=each, place="query") for each in ("limit", "size", "x"))
    binding = Binding(method="GET", path=f"/{name}", answers=(Answer("200", "json", type_),))
    given: dict[str, Any] = {"arguments": arguments, "access": PUBLIC} | more
    return Operation(name=name, kind="query", type=type_, binding=binding, source=f"GET /{name}", **given)


def field(name: str, type_: str = "String", rule: PrivacyRule | None = None) -> Field:
    return Field(name=name, type=type_, source=name, privacy=rule)


SENSITIVE = PrivacyRule("sensitive")
CITY = Slice(
    service="city",
    department="city-bureau",
    operations=(
        operation("lot", fresh_seconds=60),
        operation("bus", fresh_seconds=30),
        operation("old"),
        operation("now", fresh_seconds=0),
        operation("mine", access=Access("L1")),
        operation("known", access=Access("L4")),
        operation("open", access=Access("L1"), privacy=PrivacyRule("public"), fresh_seconds=5),
        operation("heavy", cost=7),
        operation("lots", "[CityLot]", cost=2, list_size=LIMIT),
        operation("either", "CityEither"),
        operation("pages", "[CityLot]", cost=2, arguments=PAGE, list_size=ListSize(("page",), 20)),
    ),
    types={
        "CityLot": ObjectType(name="CityLot", fields=(field("name"), field("owner", "CityOwner"))),
        "CityOwner": ObjectType(
            name="CityOwner",
            fields=(
                field("name"),
                field("phone", rule=PrivacyRule("personal")),
                field("idNumber", rule=SENSITIVE),
                field("file", rule=PrivacyRule("sensitive", "L4")),
                field("lots", "[CityLot]"),
            ),
        ),
        "CityEither": UnionType(name="CityEither", members=(Member("CityLot"), Member("CityOwner"))),
    },
)


def variant(text: str, slice_: Slice = CITY, **variables: Any) -> Variant:
    document = parse(text)
    types = SliceTypes(slice_)
    schema = scoped_schema([types], named_fields(document))
    assert validate(schema, document) == []
    made = document.definitions[0]
    assert isinstance(made, OperationDefinitionNode)
    plan = Plan(schema, document, made, {"city": types})
    values, errors = plan.variables.coerce(msgspec.Raw(msgspec.json.encode(variables)))
    assert errors == []
    return plan.variant(values)


def cost(text: str, **variables: Any) -> int:
    found = variant(text, **variables)
    return found.points + sum(fetch.policy.cost.of(variables) for fetch in found.sized)


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("{ city { lot { name } } }", {}, 1),
        ("{ city { lot { name } a: lot { name } heavy { name } } }", {}, 9),
        ("{ city { lots { name } } }", {}, 40),
        ("{ city { lots(limit: 3) { name } } }", {}, 6),
        ("{ city { lots(limit: 3, size: 50, x: 900) { name } } }", {}, 100),
        ("{ city { lots(limit: null) { name } } }", {}, 40),
        ("{ city { lots(limit: 0) { name } a: lots(limit: -7) { name } } }", {}, 80),
        ("query ($n: Int) { city { lots(limit: $n) { name } } }", {"n": 1000}, 2000),
        ("query ($n: Int) { city { lots(limit: $n) { name } } }", {"n": None}, 40),
        ("query ($n: Int) { city { lots(limit: $n) { name } } }", {}, 40),
        ("query ($n: Int) { city { lots(limit: $n) { name } } }", {"n": -1}, 40),
        ("query ($n: Int = 5) { city { lots(limit: $n, size: 4) { name } heavy { name } } }", {"n": 5}, 17),
        (f"{{ city {{ pages(page: {'9' * 4300}) {{ name }} }} }}", {}, 2 * (2**31 - 1)),
        ("query ($n: BigInt) { city { pages(page: $n) { name } } }", {"n": 10**30}, 2 * (2**31 - 1)),
        ("query ($x: Int) { city { lots(x: $x) { name } } }", {"x": 1000}, 40),
        ("query ($no: Boolean!) { city { heavy @skip(if: $no) { name } lot { name } } }", {"no": True}, 1),
        ("query ($no: Boolean!) { city { heavy @skip(if: $no) { name } lot { name } } }", {"no": False}, 8),
    ],
)
def test_an_operation_costs_what_its_calls_do(text: str, variables: dict[str, Any], points: int) -> None:
    assert cost(text, **variables) == points


def test_only_lists_whose_size_is_a_variable_are_counted_for_each_request() -> None:
    fixed = variant("{ city { lots(limit: 3) { name } heavy { name } } }")
    assert (fixed.points, fixed.sized) == (13, [])
    varying = variant("query ($n: Int) { city { lots(limit: $n) { name } heavy { name } } }", n=3)
    assert (varying.points, len(varying.sized)) == (7, 1)


@pytest.mark.parametrize(
    ("selection", "privacy", "level", "fields"),
    [
        ("lot { name owner { name } }", "public", "public", ()),
        ("lot { owner { phone } }", "personal", "public", ()),
        ("lot { owner { idNumber } }", "sensitive", "L3", ("CityOwner.idNumber",)),
        ("lot { owner { a: idNumber file } }", "sensitive", "L4", ("CityOwner.idNumber", "CityOwner.file")),
        ("lot { owner { lots { owner { ...F } } } }", "sensitive", "L4", ("CityOwner.file",)),
        ("either { ... on CityOwner { lots { name owner { ... { idNumber } } } } }", "sensitive", "L3", None),
        ("mine { name }", "personal", "L1", ()),
        ("mine { owner { idNumber } }", "sensitive", "L3", ("CityOwner.idNumber",)),
        ("known { owner { idNumber } }", "sensitive", "L4", ()),
        ("open { name }", "public", "L1", ()),
        ("lots { owner { idNumber @skip(if: true) } }", "public", "public", ()),
    ],
)
def test_what_is_selected_says_how_private_it_is_and_who_may_have_it(
    selection: str, privacy: str, level: str, fields: tuple[str, ...] | None
) -> None:
    fragment = " fragment F on CityOwner { file }" if "...F" in selection else ""
    found = variant(f"{{ city {{ {selection} }} }}{fragment}").fetches[0]
    expected = ("CityOwner.idNumber",) if fields is None else fields
    assert (found.policy.privacy, found.policy.access.level, found.policy.fields) == (privacy, level, expected)


def test_a_fragment_that_two_operations_share_is_looked_at_for_both() -> None:
    text = "{ city { lot { ...L } old { ...L } } } fragment L on CityLot { owner { idNumber } }"
    assert [fetch.policy.access.level for fetch in variant(text).fetches] == ["L3", "L3"]


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ("lot { name } bus { name }", b"public, max-age=30"),
        ("lot { name } old { name }", b""),
        ("lot { owner { phone } }", NO_STORE),
        ("lot { name } mine { name }", NO_STORE),
        ("open { name }", NO_STORE),
        ("lot { name } now { name }", NO_STORE),
        ("__typename", b""),
    ],
)
def test_only_what_is_everybody_s_may_be_kept_as_long_as_the_least_fresh(selection: str, said: bytes) -> None:
    assert variant(f"{{ city {{ {selection} }} }}").cache_control == said


def test_the_sdl_says_it_and_stays_valid() -> None:
    text = print_slice(CITY)
    schema = build_schema(text)
    assert {"origin", "cost", "listSize", "cacheControl", "privacy"} <= {each.name for each in schema.directives}
    lines = {line.split("(")[0].split(":")[0].strip(): line for line in text.splitlines() if "@" in line}
    assert lines["heavy"].endswith(
        '@origin(service: "city", department: "city-bureau", source: "GET /heavy") @cost(weight: "7")'
        ' @privacy(class: "public")'
    )
    assert (
        '@listSize(assumedSize: 20, slicingArguments: ["limit", "size"], requireOneSlicingArgument: false)'
        in (lines["lots"])
    )
    assert '@cacheControl(maxAge: 60) @privacy(class: "public")' in lines["lot"]
    assert '@privacy(class: "personal", level: "L1")' in lines["mine"]
    assert lines["idNumber"].strip() == 'idNumber: String @privacy(class: "sensitive", level: "L3")'
    assert lines["phone"].strip() == 'phone: String @privacy(class: "personal")'


def test_introspection_says_it_in_words() -> None:
    schema = scoped_schema([SliceTypes(CITY)], None)
    fields: Any = schema.type_map["CityQuery"]
    assert fields.fields["lots"].description == "Costs 2 for each of `limit` or `size` (20 if not given)."
    assert (
        fields.fields["open"].description == "For residents who are signed in. Its answers are public. Up to 5 s old."
    )
    owner: Any = schema.type_map["CityOwner"]
    assert owner.fields["idNumber"].description == "Sensitive: for residents known at L3 or above."


def test_a_slice_of_an_older_release_is_read() -> None:
    """What a release without classes stored: the same maps without their keys."""
    plain = msgspec.msgpack.decode(encode(CITY))
    del plain["department"]
    for each in plain["operations"]:
        for key in ("cost", "list_size", "fresh_seconds", "privacy"):
            each.pop(key, None)
    for type_ in plain["types"].values():
        for each in type_.get("fields", ()):
            each.pop("privacy", None)
    old = decode(msgspec.msgpack.encode(plain))
    assert {(each.cost, each.list_size, each.fresh_seconds, each.privacy) for each in old.operations} == {
        (1, None, None, None)
    }
    assert variant("{ city { lot { owner { idNumber } } } }", old).fetches[0].policy.access == PUBLIC
