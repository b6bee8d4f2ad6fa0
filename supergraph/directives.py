"""What the graph's SDL says of a field beside its type, as directives: its origin, cost, freshness and privacy class.

``@cost`` and ``@listSize`` are those of the GraphQL cost directives specification, as far as root fields need them
(supergraph.cost says what is counted); ``@cacheControl`` is Apollo's. Introspection has no place for applied
directives, so descriptions say the same in words.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    BooleanValueNode,
    ConstArgumentNode,
    ConstDirectiveNode,
    DirectiveLocation,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLDirective,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    IntValueNode,
    ListValueNode,
    NameNode,
    StringValueNode,
)

from supergraph.privacy import privacy_of
from supergraph.slice import Operation, PrivacyRule, Slice

_TEXT = GraphQLNonNull(GraphQLString)


def _directive(name: str, description: str, **arguments: GraphQLArgument) -> GraphQLDirective:
    return GraphQLDirective(name, [DirectiveLocation.FIELD_DEFINITION], arguments, description=description)


DIRECTIVES = (
    _directive(
        "origin",
        "Where an answer comes from.",
        service=GraphQLArgument(_TEXT),
        department=GraphQLArgument(GraphQLString, description="Who publishes the service."),
        source=GraphQLArgument(GraphQLString, description="The operation in the department's own API."),
    ),
    _directive(
        "cost",
        "The points that a call costs, for each item if there is a `@listSize`. What one request may cost is limited.",
        weight=GraphQLArgument(_TEXT),
    ),
    _directive(
        "listSize",
        "How many items an answer counts as: the largest of the slicing arguments, else the assumed size.",
        assumedSize=GraphQLArgument(GraphQLInt),
        slicingArguments=GraphQLArgument(GraphQLList(_TEXT)),
        requireOneSlicingArgument=GraphQLArgument(GraphQLBoolean, default_value=True),
    ),
    _directive(
        "cacheControl",
        "For how many seconds an answer may be used again. Where it is missing, nobody has said.",
        maxAge=GraphQLArgument(GraphQLNonNull(GraphQLInt)),
    ),
    _directive(
        "privacy",
        "`public`, `personal` or `sensitive`, and the level at which a resident must be known to select it.",
        **{"class": GraphQLArgument(_TEXT)},
        level=GraphQLArgument(GraphQLString),
    ),
)


def of_operation(slice_: Slice, operation: Operation) -> Iterator[ConstDirectiveNode]:
    """Yield the directives of a root field."""
    yield _applied("origin", service=slice_.service, department=slice_.department, source=operation.source)
    yield _applied("cost", weight=str(operation.cost))
    if (size := operation.list_size) is not None:
        given = {"assumedSize": size.assumed, "slicingArguments": size.arguments}
        yield _applied("listSize", **given, requireOneSlicingArgument=False)
    if operation.fresh_seconds is not None:
        yield _applied("cacheControl", maxAge=operation.fresh_seconds)
    level = operation.access.level
    yield _applied("privacy", **{"class": privacy_of(operation), "level": "" if level == "public" else level})


def of_field(rule: PrivacyRule) -> ConstDirectiveNode:
    """Return the directive of an answer's field."""
    return _applied("privacy", **{"class": rule.kind, "level": "" if rule.needs == "public" else rule.needs})


def _applied(name: str, **arguments: Any) -> ConstDirectiveNode:
    """Return a directive with those arguments that are not empty."""
    given = [
        ConstArgumentNode(name=NameNode(value=key), value=_literal(value))
        for key, value in arguments.items()
        if value != ""
    ]
    return ConstDirectiveNode(name=NameNode(value=name), arguments=tuple(given))


def _literal(value: Any) -> Any:
    match value:
        case bool():
            return BooleanValueNode(value=value)
        case int():
            return IntValueNode(value=str(value))
        case tuple():
            return ListValueNode(values=tuple(map(_literal, value)))
        case _:
            return StringValueNode(value=value)
