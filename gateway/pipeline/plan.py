"""Stage 2: a document's text to its plan; once per document, then from memory while its services stay as they are."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    validate,
    visit,
)
from graphql.language.visitor import Visitor
from graphql.validation.rules import overlapping_fields_can_be_merged
from msgspec import Struct

from gateway.errors import IntrospectionScopeError
from gateway.pipeline.read_request import GraphQLRequest
from gateway.recording import Sent
from gateway.registry import LiveService, Registry
from kernel.lru import LRUCache
from kernel.settings import Settings
from services_catalog.errors import UnknownServiceError
from supergraph.plan import Plan
from supergraph.scope import INTROSPECTION, named_fields, scalars_beside, scoped_schema
from supergraph.slice import Slice
from supergraph.types import SliceTypes

_MAX_ERRORS = 20  # of one document; graphql-core says that there are more
_TYPES = 20_000  # types and operations that are kept ready, of all slices; others are built again from their slice
_CHARACTERS_OF_A_TOKEN = 20  # on average, at most: comments and strings are no way to send megabytes
_BYTES_OF_A_PLAN = 20_000  # and so many for each character of its document: measured on plans of 1 to 100 fetches
_BYTES_OF_A_CHARACTER = 500
_EVERYTHING = "*"  # among a plan's services: it changes with any service

# How long the one rule may compute that takes time with the square of a document. The default, ten times as much,
# was measured to hold a process up for 1.7 s; no document that a program wrote comes near it.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000


class Planned(Struct):
    """A planned operation, or why it has no plan. ``services`` are those that it was planned over.

    ``sent`` counts who sends it, if it asks departments for anything.
    """

    plan: Plan | None
    errors: Sequence[GraphQLError]
    services: frozenset[str] = frozenset()
    sent: Sent | None = None


class Planner:
    """Plans operations and remembers them, for one gateway process, until one of their services changes."""

    def __init__(
        self, registry: Registry, local: GraphQLSchema, settings: Settings, built_in: Iterable[Slice] = ()
    ) -> None:
        self._registry = registry
        self._local = local
        self._settings = settings
        self._scalars = scalars_beside(local)
        self._built_in = {each.service: SliceTypes(each, self._scalars) for each in built_in}
        self._plans: LRUCache[tuple[str, str | None, str], Planned] = LRUCache(settings.plan_cache_bytes)
        self._types: LRUCache[str, SliceTypes] = LRUCache(_TYPES)
        registry.on_change(self._changed)

    async def plan(self, request: GraphQLRequest, services: str = "") -> Planned:
        """Return the plan for a request's operation; ``services`` is the scope of its introspection, if it has any.

        Raises YiwangError if it cannot be made now.
        """
        key = (request.query, request.operationName, services)
        known = self._plans.get(key)
        if known is not None:
            return known
        revision = self._registry.revision
        planned = await self._make(request, services)
        if planned.plan is not None and revision == self._registry.revision:
            self._plans.put(key, planned, _BYTES_OF_A_PLAN + _BYTES_OF_A_CHARACTER * len(request.query))
        return planned

    def _changed(self, names: set[str]) -> None:
        """Forget what stands on services that changed; what introspects everything changes with each of them."""
        self._plans.drop(lambda planned: _EVERYTHING in planned.services or not names.isdisjoint(planned.services))
        self._types.drop(lambda types: types.slice.service in names)

    async def _make(self, request: GraphQLRequest, services: str) -> Planned:
        if len(request.query) > _CHARACTERS_OF_A_TOKEN * self._settings.max_document_tokens:
            return Planned(None, [GraphQLError("The document is too long. Send values as variables.")])
        try:
            document = parse(request.query, max_tokens=self._settings.max_document_tokens)
        except GraphQLSyntaxError as error:
            return Planned(None, [error])
        names = named_fields(document)
        asked = {name for roots in names.values() for name in roots} - self._own_fields()
        introspects = not INTROSPECTION.isdisjoint(names.get("query", ()))
        scope = self._introspected(services) if introspects else frozenset()
        live = [found for name in sorted(asked | scope) if (found := self._registry.live(name)) is not None]
        slices = {service.name: await self._slice_types(service) for service in live}
        slices |= {name: types for name, types in self._built_in.items() if introspects or name in asked}
        schema = scoped_schema(slices.values(), None if introspects else names, self._local)
        errors = self._errors(schema, document, asked - slices.keys())
        operation = None if errors else get_operation_ast(document, request.operationName)
        if operation is None:
            return Planned(None, errors or [_no_operation(document, request)])
        name = operation.name.value if operation.name else ""
        departments = asked - self._built_in.keys()
        sent = Sent(request.query, name, tuple(sorted(departments))) if departments else None
        return Planned(Plan(schema, document, operation, slices), [], frozenset(asked | scope), sent)

    def _introspected(self, services: str) -> frozenset[str]:
        """Return the services that an introspection shows: those that the URL names, else all."""
        live = self._registry.names()
        named = {name.strip() for name in services.split(",")} & set(live)
        shown = frozenset(named) if services else frozenset({*live, _EVERYTHING})
        if len(shown) > self._settings.introspection_services + (_EVERYTHING in shown):
            raise IntrospectionScopeError(
                f"{len(shown)} services are too many to introspect at once",
                fix="Name those you need: /graphql?services=parking,hospital; /schema.graphql has all of them.",
            )
        return shown

    def _own_fields(self) -> set[str]:
        roots = [root for root in (self._local.query_type, self._local.mutation_type) if root is not None]
        return {*(name for root in roots for name in root.fields), *INTROSPECTION, "__typename"}

    async def _slice_types(self, service: LiveService) -> SliceTypes:
        known = self._types.get(service.digest)
        if known is None:
            known = SliceTypes(await self._registry.slice(service), self._scalars)
            self._types.put(service.digest, known, len(known.slice.types) + len(known.slice.operations))
        return known

    def _errors(self, schema: GraphQLSchema, document: DocumentNode, unknown: set[str]) -> Sequence[GraphQLError]:
        errors = validate(schema, document, max_errors=_MAX_ERRORS)
        if errors and unknown:
            visitor = _UnknownServices(unknown, list(self._registry.names()))
            visit(document, visitor)
            return visitor.errors or errors
        return errors


class _UnknownServices(Visitor):
    """Finds the root fields that name no service, and says which might be meant."""

    def __init__(self, unknown: set[str], services: list[str]) -> None:
        super().__init__()
        self.errors: list[GraphQLError] = []
        self._unknown = unknown
        self._services = services

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: object) -> None:
        for field in node.selection_set.selections:
            if isinstance(field, FieldNode) and field.name.value in self._unknown:
                name = field.name.value
                near = get_close_matches(name, self._services, n=3)
                hint = f" Did you mean {' or '.join(near)}?" if near else ""
                code = {"code": UnknownServiceError.code}
                self.errors.append(GraphQLError(f"No service '{name}' is live.{hint}", field, extensions=code))


def _no_operation(document: DocumentNode, request: GraphQLRequest) -> GraphQLError:
    names = [
        item.name.value if item.name else "(unnamed)"
        for item in document.definitions
        if isinstance(item, OperationDefinitionNode)
    ]
    if request.operationName is None and names:
        return GraphQLError(
            f"The document has {len(names)} operations: name one of {', '.join(names)} as operationName."
        )
    return GraphQLError(f"The document has no operation '{request.operationName or ''}', only: {', '.join(names)}.")
