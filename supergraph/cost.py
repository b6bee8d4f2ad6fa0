"""What one call costs, in points: the field's weight, times the size of its list where arguments say it.

The words are those of the GraphQL cost directives (https://ibm.github.io/graphql-specs/cost-spec.html): a weight, and
slicing arguments with an assumed size. There a list multiplies what is below it; here it multiplies the call's own
weight, because a department pays for the items that it gathers, however few of their fields are selected.
"""

from typing import Any

from graphql import FieldNode, IntValueNode, VariableNode

from supergraph.slice import Operation

_LARGEST = 2**31 - 1  # of a list, as it is counted: GraphQL's Int; a BigInt may have thousands of digits


class Cost:
    """The cost of one selected root field. ``points`` is None if it depends on variables."""

    def __init__(self, operation: Operation, node: FieldNode) -> None:
        size = operation.list_size
        given = [each.value for each in node.arguments or () if size is not None and each.name.value in size.arguments]
        self._weight = operation.cost
        self._assumed = size.assumed if size is not None else 1
        self._written = max([int(each.value) for each in given if isinstance(each, IntValueNode)], default=0)
        self._variables = [each.name.value for each in given if isinstance(each, VariableNode)]
        self.points: int | None = None if self._variables else self.of({})

    def of(self, variables: dict[str, Any]) -> int:
        """Return the points for a request's coerced variables. A size below 1 is none: many APIs read it so."""
        size = self._written
        for name in self._variables:
            given = variables.get(name)
            if given is not None and given > size:
                size = given
        return self._weight * (min(size, _LARGEST) if size > 0 else self._assumed)
