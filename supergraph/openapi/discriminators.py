"""Discriminators: the property whose value names the member of a union (OpenAPI 3.1 section 4.8.25)."""

from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle


def discriminator_property(union: Node) -> str:
    """Return the property's name, "" if the union has none. Swagger 2.0's form has no union to tell."""
    holder = union.child("discriminator")
    return holder.text("propertyName") if holder is not None else ""


def discriminator_tags(union: Node, member: Node, bundle: Bundle) -> list[str]:
    """Return the values of the discriminator's property that mean ``member``."""
    if not isinstance(member.get("$ref"), str):
        return []
    target = bundle.target(member)
    holder = union.child("discriminator")
    tags = []
    for tag, reference in holder.members("mapping") if holder is not None else ():
        if isinstance(reference.value, str) and target is not None:
            written = Node({"$ref": reference.value}, file=reference.file, pointer=reference.pointer)
            if bundle.target(written) is target:
                tags.append(tag)
    return tags or ([target.key] if target is not None else [])
