"""Three answers to one operation: the engine's with and without its codecs, and graphql-core's over the same JSON."""

from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
    parse,
    validate,
)
from hypothesis import assume
from msgspec import Raw, Struct

from supergraph import scalars
from supergraph.codec import Inexact
from supergraph.plan import Fetch, Plan
from supergraph.requests.errors import ArgumentError
from supergraph.scope import named_fields, scoped_schema
from supergraph.slice import Slice
from supergraph.types import SliceTypes
from supergraph.wire import Response

_encode = msgspec.json.encode
_decode = msgspec.json.decode
_JSON = [(b"content-type", b"application/json")]


class Case(Struct):
    """One operation, ready to be answered. ``arguments`` gathers what graphql-core gives each root resolver."""

    schema: GraphQLSchema
    document: DocumentNode
    plan: Plan
    types: dict[str, SliceTypes]
    arguments: dict[str, dict[str, Any]]


class Answered(Struct):
    """``data`` is None where nothing was executed; ``paths`` says who read each answer: codec or walk."""

    data: bytes | None
    errors: list[dict[str, Any]]
    paths: list[str] = []
    arguments: dict[str, dict[str, Any]] = {}


def case(slices: list[Slice], text: str) -> Case:
    """Plan a document; one that is not valid is no case."""
    document = parse(text)
    types = {one.service: SliceTypes(one) for one in slices}
    schema = scoped_schema(types.values(), named_fields(document))
    assume(not validate(schema, document))
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Case(schema, document, Plan(schema, document, operation, types), types, {})


def by_engine(case: Case, answers: dict[str, bytes], variables: bytes, *, codecs: bool = True) -> Answered:
    """Answer as the gateway does. ``answers`` are the departments' bodies by response key of the root field."""
    values, found = case.plan.variables.coerce(Raw(variables))
    if found:
        return Answered(None, [{**error.formatted} for error in found])
    variant = case.plan.variant(values)
    parts: list[bytes] = []
    answered = Answered(b"", [])
    for chunk in variant.chunks:
        if isinstance(chunk, bytes):
            parts.append(chunk)
            continue
        assert isinstance(chunk, Fetch)
        key = chunk._reader._path[-1]
        body = answers[str(key)]
        try:
            answered.arguments[str(key)] = chunk._bind(values)
            chunk.request(values)
            value, errors = _read(chunk, body, answered.paths, codecs=codecs)
        except ArgumentError:  # the value has no place in the request; graphql-core knows no requests
            value, errors = _read(chunk, body, answered.paths, codecs=codecs)
        except Exception as error:  # noqa: BLE001 - the gateway answers GraphQLError only, the comparison shows others
            value, errors = chunk.failed(getattr(error, "message", repr(error)), "BAD_ARGUMENT")
        parts.append(value)
        answered.errors.extend(errors)
    answered.data = normal(b"".join(parts))
    return answered


def _read(fetch: Fetch, body: bytes, paths: list[str], *, codecs: bool) -> tuple[bytes, list[dict[str, Any]]]:
    response = Response(200, _JSON, body)
    form = fetch._reader._find(200)
    assert form is not None
    if codecs:
        assert form.codec is not None
        try:
            form.codec(body)
        except Inexact:
            paths.append("walk")
        else:
            paths.append("codec")
        return fetch.read(response)
    return fetch._reader._walk(form, response, fetch.service)


def by_graphql_core(case: Case, answers: dict[str, bytes], variables: bytes) -> Answered:
    """Answer as graphql-core does over the same schema, its root resolvers returning the departments' JSON."""
    arguments: dict[str, dict[str, Any]] = {}
    _resolve_roots(case, answers, arguments)
    result = execute(case.schema, case.document, variable_values=_decode(variables), max_coercion_errors=20)
    assert isinstance(result, ExecutionResult)
    errors = [{**error.formatted} for error in result.errors or ()]
    if result.data is None:
        return Answered(None, errors)
    return Answered(normal(scalars.encode(result.data)), errors, [], arguments)


def _resolve_roots(case: Case, answers: dict[str, bytes], arguments: dict[str, dict[str, Any]]) -> None:
    for root in (case.schema.query_type, case.schema.mutation_type):
        for field in root.fields.values() if root else ():
            service = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
            assert isinstance(service, GraphQLObjectType)
            types = next(one for one in case.types.values() if service.name.startswith(one.slice.service.title()))
            _resolve_operations(service, types, answers, arguments)


def _resolve_operations(
    parent: GraphQLObjectType, types: SliceTypes, answers: dict[str, bytes], arguments: dict[str, dict[str, Any]]
) -> None:
    for field in parent.fields.values():
        operation = field.extensions.get("operation")
        if operation is None:
            assert isinstance(field.type, GraphQLNonNull)
            _resolve_operations(field.type.of_type, types, answers, arguments)
            continue
        entries = types.entries(operation)

        def resolve(_source: Any, info: GraphQLResolveInfo[Any], *, entries: Any = entries, **given: Any) -> Any:
            key = str(info.path.key)
            arguments[key] = given
            return entries(scalars.decode(answers[key]))

        field.resolve = resolve


def normal(text: bytes) -> bytes:
    """Write JSON anew, so that only values and the order of keys count."""
    return _encode(_decode(text))


def comparable(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop extensions, the wording that is for programmers, and where in its field an argument stands."""
    found = []
    for error in errors:
        places = [] if error["message"].startswith("Argument '") else error["locations"]
        found.append({"message": _class(error["message"]), "path": error.get("path"), "locations": places})
    return found


def _class(message: str) -> str:
    return message.partition(" must resolve to")[0].partition(" but got: ")[0]


def assert_same(one: Answered, other: Answered) -> None:
    assert one.data == other.data
    assert comparable(one.errors) == comparable(other.errors)
