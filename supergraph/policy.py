"""The policy of one call, decided once per document: what it costs, how private it is, who may have what it selects.

A request then compares two integers, and the session's level with one level.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from supergraph.cost import Cost
from supergraph.privacy import Rules, privacy_of
from supergraph.selection import ListOf, Node, ObjectOf, OneOf
from supergraph.slice import RANK, Access, Operation, Privacy

_RANK: dict[Privacy, int] = {"public": 0, "personal": 1, "sensitive": 2}


class Policy(NamedTuple):
    """Of one call: its cost, how private what it selects is, who may have that, and the fields that demand more."""

    cost: Cost
    privacy: Privacy
    access: Access
    fields: tuple[str, ...]

    @property
    def cacheable(self) -> bool:
        """Whether anybody may be given an answer that was made for somebody else."""
        access = self.access
        return self.privacy == access.level == "public" and not access.scope and not access.consent


def policy_of(operation: Operation, cost: Cost, node: Node, rules: Rules) -> Policy:
    """Return what holds for a call that selects ``node`` of an operation's answer."""
    found = {each: rules[each] for each in _selected(node) if each in rules} if rules else {}
    access = operation.access
    more = tuple(each for each, rule in found.items() if RANK[rule.needs] > RANK[access.level])
    if more:
        access = msgspec.structs.replace(access, level=max((found[each].needs for each in more), key=RANK.__getitem__))
    kinds = [privacy_of(operation), *(rule.kind for rule in found.values())]
    return Policy(cost, max(kinds, key=_RANK.__getitem__), access, more)


def _selected(node: Node) -> Iterator[str]:
    """Yield the coordinates of all fields below, each node's once: fragments share them."""
    waiting, seen = [node], {id(node)}
    while waiting:
        below: list[Node] = []
        match waiting.pop():
            case ListOf(item=item):
                below = [item]
            case OneOf(members=members):
                below = list(members.values())
            case ObjectOf(fields=fields):
                yield from (each.field for each in fields)
                below = [each.node for each in fields if each.node is not None]
        for each in below:
            if id(each) not in seen:
                seen.add(id(each))
                waiting.append(each)
