"""The text of an operation that selects all there is: every plain field to a depth, every member of a union."""

from collections.abc import Iterator, Mapping

from supergraph.slice import EnumType, Field, ObjectType, Operation, Type, UnionType, named

DEPTH = 4
MOST_FIELDS = 250


class Selections:
    """Writes one operation."""

    def __init__(self, types: Mapping[str, Type]) -> None:
        self._types = types
        self._left = MOST_FIELDS

    def operation(self, service: str, operation: Operation) -> str:
        variables = ", ".join(f"${each.name}: {each.type}" for each in operation.arguments)
        arguments = ", ".join(f"{each.name}: ${each.name}" for each in operation.arguments)
        field = f"{operation.name}{f'({arguments})' if arguments else ''}{self._of(operation.type, DEPTH)}"
        inner = f"{operation.group} {{ {field} }}" if operation.group else field
        return f"{operation.kind}{f' ({variables})' if variables else ''} {{ {service} {{ {inner} }} }}"

    def _of(self, reference: str, depth: int) -> str:
        type_ = self._types.get(named(reference))
        if isinstance(type_, ObjectType):
            return f" {{ {' '.join(self._fields(type_, depth, {})) or '__typename'} }}"
        if isinstance(type_, UnionType):
            members = [found for each in type_.members if isinstance(found := self._types[each.type], ObjectType)]
            shared = {field.name: field.type for member in members for field in member.fields}
            differing = {
                field.name: "" for member in members for field in member.fields if shared[field.name] != field.type
            }
            fragments = [
                f"... on {member.name} {{ {' '.join(self._fields(member, depth, differing, f'm{number}_'))} }}"
                for number, member in enumerate(members)
            ]
            fragments = [each for each in fragments if not each.endswith("{  }")]
            return f" {{ __typename {' '.join(fragments)} }}"
        return ""

    def _fields(self, type_: ObjectType, depth: int, differing: Mapping[str, str], prefix: str = "") -> Iterator[str]:
        """Yield the fields; aliases keep members' fields of one name and several types apart."""
        for field in type_.fields:
            plain = self._is_plain(field)
            if (not plain and depth <= 1) or self._left <= 0:
                continue
            self._left -= 1
            alias = f"{prefix}{field.name}: " if prefix and (not plain or field.name in differing) else ""
            yield f"{alias}{field.name}{self._of(field.type, depth - 1)}"

    def _is_plain(self, field: Field) -> bool:
        type_ = self._types.get(named(field.type))
        return type_ is None or isinstance(type_, EnumType)
