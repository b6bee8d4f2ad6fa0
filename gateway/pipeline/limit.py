"""Before stage 3: what one operation may ask for at most. Nothing has been fetched when it is refused."""

from collections import Counter
from typing import Any

from gateway.errors import OperationCostError, OperationLimitError
from supergraph.plan import LocalPart, Variant
from supergraph.slice import coordinate

_MOST_READ = 200  # fields of the platform itself in one query, each of which may read from the database
_MOST_ROOTS = 10  # of its root fields in one query, for aliases must not multiply guesses (OWASP GraphQL)
_MOST_CHANGES = 10  # and in one mutation
_NAMED = 3  # of the fields that cost most, in an error


def check_cost(variant: Variant, variables: dict[str, Any], max_cost: int) -> None:
    """Refuse what costs too much. Raises OperationCostError."""
    if variant.points + sum(fetch.policy.cost.of(variables) for fetch in variant.sized) <= max_cost:
        return
    costs: Counter[str] = Counter()
    for fetch in variant.fetches:
        costs[coordinate(fetch.service, fetch.operation)] += fetch.policy.cost.of(variables)
    raise OperationCostError(costs.total(), max_cost, costs.most_common(_NAMED))


def check_numbers(kind: str, variant: Variant, max_fetches: int) -> None:
    """Refuse too many calls, and changes that have no order. Raises OperationLimitError."""
    if variant.local is not None:
        _check_local(kind, variant.local, calls=len(variant.fetches))
    if len(variant.fetches) > max_fetches:
        raise OperationLimitError(
            f"The operation has {len(variant.fetches)} fields of services, each a call; {max_fetches} are the most",
            fix="Send it in parts.",
        )


def _check_local(kind: str, local: LocalPart, calls: int) -> None:
    """Refuse changes that could not be made one after the other, and more at once than anybody who does not guess."""
    if kind != "mutation":
        if local.size > _MOST_ROOTS:
            raise OperationLimitError(
                f"{local.size} of the platform's own root fields are too many at once",
                fix=f"Ask for {_MOST_ROOTS} at most.",
            )
        if local.fields > _MOST_READ:
            raise OperationLimitError(
                f"{local.fields} of the platform's own fields are too many at once",
                fix=f"Ask for {_MOST_READ} at most.",
            )
        return
    if calls:
        raise OperationLimitError(
            "Changes at departments and at the platform itself have no order between them",
            fix="Send them as two operations.",
        )
    if local.size > _MOST_CHANGES:
        raise OperationLimitError(f"{local.size} changes are too many at once", fix=f"Send {_MOST_CHANGES} at most.")
