"""The plan of one operation: which requests to make, how to read their answers, and the frame they stand in.

Everything here is made once per document and serves every request that sends it. Nothing here does I/O:
`gateway.pipeline.execute` walks the plan.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    separate_operations,
    visit,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.language.visitor import Visitor
from msgspec import Struct

from supergraph.answers import Reader, Value
from supergraph.arguments import Bind, binder, variable_names
from supergraph.complete import Path
from supergraph.cost import Cost
from supergraph.policy import Policy, policy_of
from supergraph.requests.errors import ArgumentError
from supergraph.requests.template import RequestTemplate
from supergraph.selection import Selected, Selection, locations
from supergraph.slice import Operation, namespace_name
from supergraph.types import SliceTypes
from supergraph.variables import Variables
from supergraph.wire import Request, Response

Slices = Mapping[str, SliceTypes]
Fields = Mapping[str, list[FieldDetails]]

_encode = msgspec.json.Encoder().encode
_MAX_VARIANTS = 32  # of one plan; a client that walks through all booleans' values must not fill the memory


class Fetch:
    """One request to one department for one root field, and how its answer is read."""

    def __init__(
        self,
        operation: Operation,
        service: str,
        template: RequestTemplate,
        bind: Bind,
        reader: Reader,
        *,
        policy: Policy,
    ) -> None:
        self.operation = operation
        self.service = service
        self.policy = policy  # its access may demand more than the operation's own, if a field does
        self.safe = operation.binding.method in ("GET", "HEAD")
        self.timeout_seconds = operation.binding.timeout_seconds
        self._template = template
        self._bind = bind
        self._reader = reader

    def request(self, variables: dict[str, Any]) -> Request:
        """Render the request. Raises ArgumentError, or GraphQLError for a value that does not fit its argument."""
        try:
            return self._template.render(self._bind(variables))
        except RecursionError:
            raise ArgumentError("An argument is nested too deeply", fix="Send less than 500 levels.") from None

    def read(self, response: Response) -> Value:
        """Return the root field's value."""
        return self._reader.read(response, self.service)

    def failed(self, message: str, code: str, **more: Any) -> Value:
        """Return null and an error at the root field's path, with ``more`` in its extensions."""
        return self._reader.failed(message, {"code": code, "service": self.service, **more})

    def refused(self, message: str, code: str, **more: Any) -> Value:
        """Return null and why the caller may not have it with the fields that demand more: they can leave them out."""
        fields = self.policy.fields
        return self.failed(f"{', '.join(fields)}: {message}", code, fields=fields, **more)


class LocalPart(Struct):
    """The root fields that the platform answers itself, as a document of their own for graphql-core."""

    schema: GraphQLSchema
    document: DocumentNode
    size: int  # root fields, with their repetitions under other names
    fields: int  # all of its fields, those of fragments once


Chunk = bytes | Fetch | str
"""A piece of the answer's ``data``: fixed bytes, a fetch's value, or the local root field of that response key."""


class Variant:
    """What an operation does with its booleans fixed. ``chunks`` joined in order are the answer's ``data``."""

    def __init__(self, chunks: list[Chunk], local: LocalPart | None) -> None:
        self.chunks = chunks
        self.fetches = [chunk for chunk in chunks if isinstance(chunk, Fetch)]
        self.local = local
        asked = [(fetch.service, fetch.operation.source) for fetch in self.fetches if fetch.safe]
        self.may_repeat = len(set(asked)) < len(asked)
        self.points = sum(fetch.policy.cost.points or 0 for fetch in self.fetches)  # beside those of ``sized``
        self.sized = [fetch for fetch in self.fetches if fetch.policy.cost.points is None]
        self.cache_control = _cache_control(self.fetches, local)


NO_STORE = b"no-store"


def _cache_control(fetches: list[Fetch], local: LocalPart | None) -> bytes:
    """Return who may keep the answer for how long (RFC 9111 section 5.2.2), empty if nobody has said."""
    if local is not None or not all(fetch.policy.cacheable for fetch in fetches):
        return NO_STORE
    ages = [fetch.operation.fresh_seconds for fetch in fetches]
    known = [age for age in ages if age is not None]
    if 0 in known:
        return NO_STORE
    return b"public, max-age=%d" % min(known) if known and len(known) == len(ages) else b""


class Plan:
    """All variants of one operation, each made when it is first needed."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, slices: Slices
    ) -> None:
        self.kind = operation.operation.value
        self.schema = schema
        self.operation = operation
        self.slices = slices
        self.fragments = {
            item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)
        }
        self.variables = Variables(schema, tuple(operation.variable_definitions or ()))
        self._booleans = _condition_variables(document)
        self._variants: dict[tuple[Any, ...], Variant] = {}

    def variant(self, variables: Mapping[str, Any]) -> Variant:
        """Return the variant for a request's coerced variables. Raises GraphQLError if a condition is null."""
        key = tuple([variables.get(name) for name in self._booleans]) if self._booleans else ()
        known = self._variants.get(key)
        if known is None:
            booleans = {name: value for name, value in zip(self._booleans, key, strict=True) if value is not None}
            if len(self._variants) >= _MAX_VARIANTS:
                self._variants.clear()
            known = self._variants[key] = _Frame(self, booleans).variant()
        return known


class _Frame:
    """Makes one variant: the namespaces as fixed bytes, a fetch at each of their root fields."""

    def __init__(self, plan: Plan, booleans: dict[str, bool]) -> None:
        self._plan = plan
        self._selection = Selection(plan.schema, plan.operation, plan.fragments, booleans)
        self._chunks: list[Chunk] = []
        self._local: list[FieldNode] = []

    def variant(self) -> Variant:
        schema = self._plan.schema
        root = schema.mutation_type if self._plan.kind == "mutation" else schema.query_type
        assert root is not None  # noqa: S101 - validation has found the operation's fields in it
        with self._braces():
            for key, selected in self._each(root, self._selection.root(root)):
                name = selected[0].node.name.value
                types = self._plan.slices.get(name)
                if types is None:
                    self._local.extend(item.node for item in selected)
                    self._chunks.append(key)
                else:
                    self._namespace(types, _object_type(root.fields[name]), selected, (key,))
        local = _local_part(self._plan, self._local) if self._local else None
        return Variant(_joined(self._chunks), local)

    @contextmanager
    def _braces(self) -> Iterator[None]:
        self._chunks.append(b"{")
        yield
        self._chunks.append(b"}")

    def _each(self, type_: GraphQLObjectType, fields: Fields) -> Iterator[tuple[str, list[FieldDetails]]]:
        """Write each field's key, answer ``__typename``, and yield the others."""
        for index, (key, selected) in enumerate(fields.items()):
            self._chunks.append((b"," if index else b"") + _encode(key) + b":")
            if selected[0].node.name.value == "__typename":
                self._chunks.append(_encode(type_.name))
            else:
                yield key, selected

    def _namespace(self, types: SliceTypes, type_: GraphQLObjectType, selected: list[FieldDetails], path: Path) -> None:
        with self._braces():
            for key, below in self._each(type_, self._selection.below(type_, selected)):
                field = type_.fields[below[0].node.name.value]
                if "operation" in field.extensions:
                    self._chunks.append(self._fetch(types, field, below, (*path, key)))
                else:
                    self._namespace(types, _object_type(field), below, (*path, key))

    def _fetch(self, types: SliceTypes, field: GraphQLField, selected: list[FieldDetails], path: Path) -> Fetch:
        operation: Operation = field.extensions["operation"]
        known = types.slice.types
        parent = namespace_name(types.slice.service, operation.kind, operation.group)
        node = self._selection.node(types, operation.type, selected)
        read = Selected(str(path[-1]), "", f"{parent}.{operation.name}", node, locations(selected))
        reader = Reader(operation, known, read, path)
        bind = binder(field, selected[0].node, self._plan.operation)
        policy = policy_of(operation, Cost(operation, selected[0].node), node, types.rules)
        return Fetch(operation, types.slice.service, RequestTemplate(operation, known), bind, reader, policy=policy)


def _object_type(field: GraphQLField) -> GraphQLObjectType:
    type_ = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - scope made it a namespace or group
    return type_


def _joined(chunks: list[Chunk]) -> list[Chunk]:
    """Join neighbouring fixed bytes."""
    joined: list[Chunk] = []
    for chunk in chunks:
        if isinstance(chunk, bytes) and joined and isinstance(last := joined[-1], bytes):
            joined[-1] = last + chunk
        else:
            joined.append(chunk)
    return joined


class _Fields(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    def enter_field(self, *_: Any) -> None:
        self.number += 1


class _Conditions(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value in ("skip", "include"):
            self.names.update(
                item.value.name.value for item in node.arguments or () if isinstance(item.value, VariableNode)
            )


def _condition_variables(document: DocumentNode) -> tuple[str, ...]:
    visitor = _Conditions()
    visit(document, visitor)
    return tuple(sorted(visitor.names))


def _local_part(plan: Plan, fields: list[FieldNode]) -> LocalPart:
    """Return the platform's own root fields as one document, with the variables and fragments that they use."""
    operation = plan.operation
    only = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        directives=(),
        selection_set=SelectionSetNode(selections=tuple(fields)),
        loc=operation.loc,
    )
    (document,) = separate_operations(DocumentNode(definitions=(only, *plan.fragments.values()))).values()
    counted = _Fields()
    visit(document, counted)
    used = variable_names(document)
    variables = [item for item in operation.variable_definitions or () if item.variable.name.value in used]
    whole = replace(only, variable_definitions=tuple(variables)), *document.definitions[1:]
    return LocalPart(plan.schema, DocumentNode(definitions=whole), len(fields), counted.number)
