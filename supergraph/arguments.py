"""A root field's arguments: from the operation's coerced variables to what its resolver would be given.

What a document fixes is coerced once; what is just a variable is looked up; the rest is graphql-core's.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    VariableNode,
    visit,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.execution.values import VariableValues, VariableValueSource, get_argument_values
from graphql.language.visitor import Visitor

from supergraph.scalars import PLATFORM_SCALARS

Bind = Callable[[dict[str, Any]], dict[str, Any]]


def binder(field: GraphQLField, node: FieldNode, operation: OperationDefinitionNode) -> Bind:
    """Return the function from the operation's coerced variables to the field's coerced arguments.

    Arguments that are variables are looked up; fixed ones are coerced now; a field with a mixed argument, or with a
    nullable variable for a required one, is left to graphql-core for every request.
    """
    nullable = {
        item.variable.name.value
        for item in operation.variable_definitions or ()
        if not isinstance(item.type, NonNullTypeNode)
    }
    varying: list[tuple[str, str]] = []
    plain: list[ArgumentNode] = []
    for argument in node.arguments or ():
        value, name = argument.value, argument.name.value
        if not isinstance(value, VariableNode):
            if variable_names(value):
                return _by_graphql_core(field, node)
            plain.append(argument)
        elif value.name.value in nullable and isinstance(field.args[name].type, GraphQLNonNull):
            return _by_graphql_core(field, node)
        else:
            varying.append((name, value.name.value))
    names = {item.name.value for item in plain}
    known = GraphQLField(field.type, {name: arg for name, arg in field.args.items() if name in names})
    fixed = get_argument_values(known, FieldNode(name=node.name, arguments=tuple(plain))) if plain else {}
    return lambda variables: {**fixed, **{name: variables[source] for name, source in varying if source in variables}}


def _by_graphql_core(field: GraphQLField, node: FieldNode) -> Bind:
    """Leave the arguments to graphql-core. A variable inside a JSON literal stands for its coerced value."""

    def bind(variables: dict[str, Any]) -> dict[str, Any]:
        sources = {
            name: VariableValueSource(GraphQLVariableSignature(name, PLATFORM_SCALARS["JSON"], None), value)
            for name, value in variables.items()
        }
        return get_argument_values(field, node, VariableValues(sources, variables))

    return bind


class _VariableNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


def variable_names(*nodes: Node) -> set[str]:
    """Return the names of the variables that stand anywhere below."""
    visitor = _VariableNames()
    for node in nodes:
        visit(node, visitor)
    return visitor.names
