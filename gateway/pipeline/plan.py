"""Stage 2: a document's text to its plan; once per document, then from memory while its services stay as they are."""

from collections import OrderedDict
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
from msgspec import Struct

from gateway.errors import IntrospectionScopeError
from gateway.pipeline.read_request import GraphQLRequest
from gateway.registry import LiveService, Registry
from kernel.settings import Settings
from supergraph.plan import Plan
from supergraph.scope import INTROSPECTION, Names, named_fields, scalars_beside, scoped_schema
from supergraph.types import SliceTypes

_MAX_ERRORS = 20  # of one document; graphql-core says that there are more


class Planned(Struct):
    """A planned operation, or why it has no plan. ``services`` are the versions that it was planned for."""

    plan: Plan | None
    errors: Sequence[GraphQLError]
    services: list[LiveService]
    unknown: set[str]
    revision: int


class Planner:
    """Plans operations and remembers them, for one gateway process."""

    def __init__(self, registry: Registry, local: GraphQLSchema, settings: Settings) -> None:
        self._registry = registry
        self._local = local
        self._settings = settings
        self._scalars = scalars_beside(local)
        self._known: OrderedDict[tuple[str, str | None, str], Planned] = OrderedDict()
        self._types: OrderedDict[str, SliceTypes] = OrderedDict()

    async def plan(self, request: GraphQLRequest) -> Planned:
        """Return the plan for a request's operation. Raises YiwangError if it cannot be made now."""
        key = (request.query, request.operationName, request.services)
        known = self._known.get(key)
        if known is not None and (known.revision == self._registry.revision or self._still_holds(known)):
            self._known.move_to_end(key)
            return known
        planned = await self._make(request)
        self._known[key] = planned
        if len(self._known) > self._settings.plan_cache_size:
            self._known.popitem(last=False)
        return planned

    def _still_holds(self, planned: Planned) -> bool:
        """Say whether nothing that a plan stands on has changed; then it holds for the new revision too."""
        revision, live = self._registry.revision, self._registry.live
        if any(live(service.name) is not service for service in planned.services):
            return False
        if any(live(name) is not None for name in planned.unknown):
            return False
        planned.revision = revision
        return True

    async def _make(self, request: GraphQLRequest) -> Planned:
        revision = self._registry.revision
        try:
            document = parse(request.query, max_tokens=self._settings.max_document_tokens)
        except GraphQLSyntaxError as error:
            return Planned(None, [error], [], set(), revision)
        names = named_fields(document)
        asked = self._scope(request, names)
        services = [service for name in asked if (service := self._registry.live(name)) is not None]
        unknown = {name for name in asked if self._registry.live(name) is None}
        slices = {service.name: await self._slice_types(service) for service in services}
        introspects = any(name in INTROSPECTION for roots in names.values() for name in roots)
        schema = scoped_schema(slices.values(), None if introspects else names, self._local)
        errors = self._errors(schema, document, unknown)
        operation = None if errors else get_operation_ast(document, request.operationName)
        if operation is None:
            return Planned(None, errors or [_no_operation(document, request)], services, unknown, revision)
        return Planned(Plan(schema, document, operation, slices), [], services, unknown, revision)

    def _scope(self, request: GraphQLRequest, names: Names) -> list[str]:
        """Return the services that a document is planned over."""
        own = {*self._local_fields(), *INTROSPECTION, "__typename"}
        asked = {name for roots in names.values() for name in roots} - own
        if request.services:
            return sorted(asked | {name.strip() for name in request.services.split(",") if name.strip()})
        if "__schema" in names.get("query", ()) or "__type" in names.get("query", ()):
            every = self._registry.names()
            if len(every) > self._settings.introspection_services:
                raise IntrospectionScopeError(
                    f"{len(every)} services are live, too many to introspect at once",
                    fix="Name those you need: /graphql?services=parking,hospital; /schema.graphql has all of them.",
                )
            return sorted(asked | set(every))
        return sorted(asked)

    def _local_fields(self) -> Iterable[str]:
        for root in (self._local.query_type, self._local.mutation_type):
            if root is not None:
                yield from root.fields

    async def _slice_types(self, service: LiveService) -> SliceTypes:
        known = self._types.get(service.digest)
        if known is None:
            known = SliceTypes(await self._registry.slice(service), self._scalars)
            self._types[service.digest] = known
            if len(self._types) > _MAX_TYPES:
                self._types.popitem(last=False)
        else:
            self._types.move_to_end(service.digest)
        return known

    def _errors(self, schema: GraphQLSchema, document: DocumentNode, unknown: set[str]) -> Sequence[GraphQLError]:
        errors = validate(schema, document, max_errors=_MAX_ERRORS)
        if errors and unknown:
            visitor = _UnknownServices(unknown, list(self._registry.names()))
            visit(document, visitor)
            return visitor.errors or errors
        return errors


_MAX_TYPES = 256  # slices whose graphql-core types are kept ready; others are built again from their slice


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
                self.errors.append(
                    GraphQLError(f"No service '{name}' is live.{hint}", field, extensions={"code": "SERVICE_NOT_FOUND"})
                )


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
