"""What one call costs, in points: the field's weight, times the size of its list where arguments say it.

The words are those of the GraphQL cost directives (https://ibm.github.io/graphql-specs/cost-spec.html): a weight, and
slicing arguments with an assumed size. There a list multiplies what is below it; here it multiplies the call's own
weight, because a department pays for the items that it gathers, however few of their fields are selected.
"""

from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLField, OperationDefinitionNode

from supergraph.arguments import Bind, binder, variable_names
from supergraph.slice import Operation


class Cost:
    """The cost of one selected root field. ``points`` is None if it depends on variables."""

    def __init__(
        self, operation: Operation, field: GraphQLField, node: FieldNode, document: OperationDefinitionNode
    ) -> None:
        self._weight = operation.cost
        self._list_size = operation.list_size
        self._bind: Bind = lambda _: {}
        self.points: int | None = self._weight
        if operation.list_size is not None:
            names = set(operation.list_size.arguments)
            slicing = tuple(each for each in node.arguments or () if each.name.value in names)
            args = {name: arg for name, arg in field.args.items() if name in names}
            self._bind = binder(GraphQLField(field.type, args), FieldNode(name=node.name, arguments=slicing), document)
            self.points = None if variable_names(*slicing) else self.of({})

    def of(self, variables: dict[str, Any]) -> int:
        """Return the points for a request's coerced variables."""
        if self._list_size is None:
            return self._weight
        try:
            given = self._bind(variables)
        except GraphQLError:  # the call will say so
            given = {}
        sizes = [size for size in given.values() if isinstance(size, int)]
        return self._weight * max(1, max(sizes, default=self._list_size.assumed))
