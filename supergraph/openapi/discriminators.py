"""Discriminators: the property whose value names the member of a union (OpenAPI 3.1 section 4.8.25)."""

from collections import defaultdict
from collections.abc import Callable

from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle


def discriminator_property(union: Node) -> str:
    """Return the property's name, "" if the union has none. Swagger 2.0's form has no union to tell."""
    holder = union.child("discriminator")
    return holder.text("propertyName") if holder is not None else ""


def discriminator_tags(union: Node, bundle: Bundle) -> Callable[[Node], list[str]]:
    """Return the function from a member to the values of the discriminator's property that mean it."""
    holder = union.child("discriminator")
    mapped: dict[Node | None, list[str]] = defaultdict(list)
    for tag, reference in holder.members("mapping") if holder is not None else ():
        if isinstance(reference.value, str):
            written = Node({"$ref": reference.value}, file=reference.file, pointer=reference.pointer)
            mapped[bundle.target(written)].append(tag)

    def tags(member: Node) -> list[str]:
        target = bundle.target(member) if isinstance(member.get("$ref"), str) else None
        return [] if target is None else mapped.get(target) or [target.key]

    return tags
