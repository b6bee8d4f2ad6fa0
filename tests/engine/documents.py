"""Generated operations on generated slices: aliases, fragments, conditions, arguments in every form."""

from hypothesis import strategies as st

from supergraph.slice import (
    Argument,
    ObjectType,
    Operation,
    Slice,
    UnionType,
    named,
)
from tests.engine.slices import Draw, chance, pick
from tests.engine.values import literal

_CONDITIONS = ("yes", "no", "maybe")


class DocumentMaker:
    """Draws one document. ``variables`` are those it declares: name to (type, has a default)."""

    def __init__(self, draw: Draw, slices: list[Slice], kind: str) -> None:
        self.draw = draw
        self.slices = slices
        self.kind = kind
        self.variables: dict[str, tuple[str, str]] = {}
        self.called: dict[str, tuple[int, str]] = {}  # response key of a root field to its slice's index and its type
        self._fragments: list[str] = []
        self._count = 0

    def text(self) -> str:
        services = [self._service(one) for one in self.slices if self._operations(one, "") or self._groups(one)]
        if chance(self.draw, 20):
            services.insert(0, self._typename())
        declared = [f"${name}: {type_}{default}" for name, (type_, default) in self.variables.items()]
        head = f"{self.kind} Q" + (f"({', '.join(declared)})" if declared else "")
        return "\n".join([f"{head} {{ {' '.join(services)} }}", *self._fragments])

    def _operations(self, slice_: Slice, group: str) -> list[Operation]:
        return [one for one in slice_.operations if one.kind == self.kind and one.group == group]

    def _groups(self, slice_: Slice) -> set[str]:
        return {one.group for one in slice_.operations if one.kind == self.kind and one.group}

    def _service(self, slice_: Slice) -> str:
        parts = [self._call(slice_, one) for one in self._some(self._operations(slice_, ""))]
        for group in sorted(self._groups(slice_)):
            inner = [self._call(slice_, one) for one in self._some(self._operations(slice_, group))]
            parts.append(f"{group} {{ {' '.join(inner) or '__typename'} }}")
        if chance(self.draw, 20) or not parts:
            parts.append(self._typename())
        alias = pick(self.draw, ("", "", f"s_{slice_.service}: "))
        return f"{alias}{slice_.service} {{ {' '.join(parts)} }}"

    def _some(self, operations: list[Operation]) -> list[Operation]:
        return [one for one in operations if one.name == "first" or chance(self.draw, 40)]

    def _call(self, slice_: Slice, operation: Operation) -> str:
        self._count += 1
        arguments = self._arguments(slice_, operation)
        head = f"r{self._count}: {operation.name}{arguments}"
        self.called[f"r{self._count}"] = (self.slices.index(slice_), operation.type)
        calls = [f"{head}{self._condition()} {self._below(slice_, operation.type, 3)}"]
        if chance(self.draw, 15):  # the same field again, to be merged
            calls.append(f"{head} {self._below(slice_, operation.type, 2)}")
        return " ".join(calls)

    def _below(self, slice_: Slice, reference: str, depth: int) -> str:
        type_ = slice_.types.get(named(reference))
        if isinstance(type_, ObjectType):
            return f"{{ {self._object(slice_, type_, depth, member=False)} }}"
        if isinstance(type_, UnionType):
            return f"{{ {self._union(slice_, type_, depth)} }}"
        return ""

    def _object(self, slice_: Slice, type_: ObjectType, depth: int, *, member: bool) -> str:
        parts = []
        for _ in range(pick(self.draw, (2, 4, 3, 1) if depth > 1 else (2, 1))):
            kind = self.draw(st.integers(0, 19))
            if kind == 19 and depth > 0:
                inner = self._object(slice_, type_, depth - 1, member=member)
                parts.append(f"...{pick(self.draw, ('', f' on {type_.name}'))}{self._condition()} {{ {inner} }}")
            elif kind == 18 and depth > 0:
                inner = self._object(slice_, type_, depth - 1, member=member)
                name = f"F{len(self._fragments)}"
                self._fragments.append(f"fragment {name} on {type_.name} {{ {inner} }}")
                parts.extend([f"...{name}{self._condition()}"] * pick(self.draw, (1, 1, 2)))
            elif kind == 17:
                parts.append(self._typename())
            else:
                parts.append(self._field(slice_, type_, depth, member=member))
        return " ".join(parts)

    def _field(self, slice_: Slice, type_: ObjectType, depth: int, *, member: bool) -> str:
        leaves = [field for field in type_.fields if not _is_composite(slice_, field.type)]
        choice = type_.fields if depth > 0 else leaves
        if not choice:
            return self._typename()
        field = pick(self.draw, choice)
        self._count += 1
        typed = f"{field.name}_{type_.name}"
        keys = (field.name, field.name, typed, f"k{self._count}") if not member else (typed, f"k{self._count}")
        key = pick(self.draw, keys)
        alias = "" if key == field.name else f"{key}: "
        return f"{alias}{field.name}{self._condition()} {self._below(slice_, field.type, depth - 1)}"

    def _union(self, slice_: Slice, type_: UnionType, depth: int) -> str:
        parts = ["__typename"] if chance(self.draw, 50) else []
        for member in type_.members:
            object_type = slice_.types[member.type]
            assert isinstance(object_type, ObjectType)
            if chance(self.draw, 75):
                inner = self._object(slice_, object_type, depth - 1, member=True)
                parts.append(f"... on {member.type}{self._condition()} {{ {inner} }}")
        if chance(self.draw, 10):
            parts.append(f"... on {type_.name} {{ u: __typename }}")
        return " ".join(parts) or "__typename"

    def _typename(self) -> str:
        self._count += 1
        alias = pick(self.draw, ("", "", f"t{self._count}: "))
        return f"{alias}__typename{self._condition()}"

    def _condition(self) -> str:
        if not chance(self.draw, 12):
            return ""
        directive = pick(self.draw, ("skip", "include"))
        condition = pick(self.draw, ("true", "false", *(f"${name}" for name in _CONDITIONS)))
        if condition.startswith("$"):
            self.variables.setdefault(condition[1:], ("Boolean!", pick(self.draw, ("", " = true"))))
        return f" @{directive}(if: {condition})"

    def _arguments(self, slice_: Slice, operation: Operation) -> str:
        given = []
        for argument in operation.arguments:
            text = self._argument(slice_, argument)
            if text:
                given.append(f"{argument.name}: {text}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, slice_: Slice, argument: Argument) -> str:
        required = argument.type.endswith("!")
        kind = self.draw(st.integers(0, 9))
        if kind < 4:
            return self.variable(argument.type)
        if kind == 4 and not required:
            return ""
        if kind < 7:
            return literal(self.draw, slice_, argument.type, None)
        return literal(self.draw, slice_, argument.type, self.variable)

    def variable(self, reference: str) -> str:
        """Declare a variable that may stand where ``reference`` is asked for, and return it."""
        name = f"v{len(self.variables)}"
        bare = reference.removesuffix("!")
        if reference.endswith("!") and chance(self.draw, 15):
            default = literal(self.draw, self._owner(bare), reference, None)
            self.variables[name] = (bare, f" = {default}")
        else:
            default = literal(self.draw, self._owner(bare), reference, None) if chance(self.draw, 20) else ""
            self.variables[name] = (reference, f" = {default}" if default else "")
        return f"${name}"

    def _owner(self, reference: str) -> Slice:
        return next((one for one in self.slices if named(reference) in one.types), self.slices[0])


def _is_composite(slice_: Slice, reference: str) -> bool:
    return isinstance(slice_.types.get(named(reference)), ObjectType | UnionType)
