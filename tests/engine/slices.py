"""Generated slices: every kind of type, names equal to and different from those on the wire, recursion everywhere."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from supergraph.slice import (
    SCALARS,
    Answer,
    Argument,
    Binding,
    EnumType,
    EnumValue,
    Field,
    InputField,
    InputType,
    Member,
    ObjectType,
    Operation,
    Slice,
    Type,
    UnionType,
    prefix,
)

Draw = Callable[..., Any]

ALL_SCALARS = ("String", "Int", "Float", "Boolean", "ID", *SCALARS)
_NAMES = ("id", "name", "kind", "size", "tags", "owner")
_SPELLINGS = ("{}", "{}", "{}", "{}-x", "x_{}", "{}é", 'a"{}', "b\\{}", "c\n{}", "{} d", "$.{}")
_ENUMS: tuple[tuple[Any, ...], ...] = (
    ("A", "B", "C"),
    ("a", "b-c", "é"),
    ("A", "b", "C"),
    (1, 2, 3),
    (-1, 2**63, 7),
    (1, "1", 2.5),
    (True, 1, False),
    (0.5, 2.0, 4),
    (None, "x", 0),  # in answers only: to graphql-core a value that is None is no argument
)
_KINDS = ("scalar", "scalar", "scalar", "enum", "object", "object", "union", "entry")
_ROOTS = ("object", "object", "object", "object", "union", "union", "entry", "scalar")
_TAGS = ("p", "q", "r", "s", "")


def chance(draw: Draw, percent: int) -> bool:
    """Say yes in ``percent`` of a hundred cases; shrinks to no."""
    return bool(draw(_HUNDRED) >= 100 - percent)


_HUNDRED = st.integers(0, 99)


def pick(draw: Draw, options: Any) -> Any:
    return draw(st.sampled_from(options))


class SliceMaker:
    """Draws one slice. The number in an object's name is its rank: what must not be null has a higher one."""

    def __init__(self, draw: Draw, service: str) -> None:
        self.draw = draw
        self.service = service
        self.prefix = prefix(service)
        self.types: dict[str, Type] = {}
        self.objects = [f"{self.prefix}Obj{index}" for index in range(draw(st.integers(2, 4)))]
        self.entries = [f"{self.prefix}Entry0"]
        self.unions = [f"{self.prefix}Union{index}" for index in range(draw(st.integers(1, 2)))]
        self.enums = [f"{self.prefix}Enum{index}" for index in range(draw(st.integers(1, 2)))]
        self.inputs = [f"{self.prefix}Input{index}" for index in range(2)]

    def slice(self, *, arguments: bool) -> Slice:
        for name in self.enums:
            values = pick(self.draw, _ENUMS[:-1] if arguments else _ENUMS)
            same = all(isinstance(value, str) and value.isupper() for value in values)
            items = [EnumValue(name=v if same else f"V{i}", source=v) for i, v in enumerate(values)]
            self.types[name] = EnumType(name=name, values=tuple(items))
        for rank, name in enumerate(self.objects):
            self.types[name] = self._object(name, rank)
        for name in self.unions:
            self.types[name] = self._union(name)
        for name in self.entries:
            value = Field(name="value", type=self.reference(0), source="value")
            key = Field(name="key", type="String!", source="key")
            self.types[name] = ObjectType(name=name, kind="entry", fields=(key, value))
        if arguments:
            self._inputs()
        operations = self._operations(arguments=arguments)
        return Slice(service=self.service, types=self.types, operations=operations)

    def reference(self, rank: int, kinds: tuple[str, ...] = _KINDS) -> str:
        """Draw the type of a field of the object with this rank."""
        kind = pick(self.draw, kinds)
        if kind == "entry":
            return self._listed(f"[{self.entries[0]}!]" + self._bang(), deepest=1)
        if kind == "scalar":
            return self._listed(pick(self.draw, ALL_SCALARS) + self._bang())
        if kind == "enum":
            return self._listed(pick(self.draw, self.enums) + self._bang())
        if kind == "union":
            return self._listed(pick(self.draw, self.unions))
        target = self.draw(st.integers(0, len(self.objects) - 1))
        return self._listed(self.objects[target] + (self._bang() if target > rank else ""))

    def _bang(self) -> str:
        return "!" if chance(self.draw, 50) else ""

    def _listed(self, reference: str, deepest: int = 2) -> str:
        for _ in range(deepest):
            if not chance(self.draw, 30):
                break
            reference = f"[{reference}]" + self._bang()
        return reference

    def _object(self, name: str, rank: int) -> ObjectType:
        names = _NAMES[: self.draw(st.integers(1, len(_NAMES)))]
        fields = [
            Field(name=field, type=self.reference(rank), source=pick(self.draw, _SPELLINGS).format(field))
            for field in names
        ]
        return ObjectType(name=name, fields=tuple(fields))

    def _union(self, name: str) -> UnionType:
        members = list(self.objects[: self.draw(st.integers(1, len(self.objects)))])
        if chance(self.draw, 30):
            wrapper = f"{name}Wrap"
            value = Field(name="value", type=self.reference(0), source="")
            self.types[wrapper] = ObjectType(name=wrapper, kind="wrapper", fields=(value,))
            members.append(wrapper)
        if chance(self.draw, 30):
            return UnionType(name=name, members=tuple(Member(type=member) for member in members))
        tags = iter(self.draw(st.permutations(_TAGS)))
        tagged = [
            Member(type=member, tags=tuple(next(tags) for _ in range(pick(self.draw, (1, 1, 1, 2, 0))) if True))
            for member in members[:2]
        ]
        untagged = [Member(type=member) for member in members[2:]]
        first = self.types[members[0]]
        shared = first.fields[0].source if isinstance(first, ObjectType) else "t"
        return UnionType(name=name, members=(*tagged, *untagged), discriminator=pick(self.draw, ("t", shared)))

    def _inputs(self) -> None:
        entry, one_of = f"{self.prefix}InputEntry", f"{self.prefix}InputOne"
        deeper = [*self.inputs, one_of]
        self.types[entry] = InputType(
            name=entry,
            kind="entry",
            fields=(
                InputField(name="key", type="String!", source="key"),
                InputField(name="value", type=self.input_reference(deeper), source="value"),
            ),
        )
        for name in self.inputs:
            fields = [
                InputField(
                    name=field,
                    type=self.input_reference([*deeper, entry]),
                    source=pick(self.draw, _SPELLINGS).format(field),
                )
                for field in _NAMES[:3]
            ]
            constants = {"fixed": 1} if chance(self.draw, 30) else {}
            self.types[name] = InputType(name=name, fields=tuple(fields), constants=constants)
        self.types[one_of] = InputType(
            name=one_of,
            kind="one_of",
            fields=(
                InputField(name="a", type=self.inputs[0], source="a"),
                InputField(name="b", type="[Int!]", source="b"),
                InputField(name="m", type=f"[{entry}!]", source="m"),
            ),
            discriminator="t",
            tags={"a": "tag-a", "m": "tag-m"},
        )

    def input_reference(self, inputs: list[str]) -> str:
        """Draw the type of an argument or input field; input objects are nullable, so that recursion can end."""
        if chance(self.draw, 25):
            named = pick(self.draw, inputs)
            if named.endswith("Entry"):
                return self._listed(f"[{named}!]", deepest=1)
            return self._listed(named, deepest=1)
        named = pick(self.draw, (*ALL_SCALARS, *self.enums))
        return self._listed(named + self._bang())

    def _operations(self, *, arguments: bool) -> tuple[Operation, ...]:
        operations = []
        for index in range(self.draw(st.integers(1, 3 if arguments else 2))):
            group = pick(self.draw, ("", "", "admin"))
            kind = pick(self.draw, ("query", "query", "mutation"))
            operations.append(self._operation(f"op{index}", kind, group, arguments=arguments))
        first = self._operation("first", "query", "", arguments=arguments)
        return (first, *operations)

    def _operation(self, name: str, kind: Any, group: str, *, arguments: bool) -> Operation:
        drawn = self._arguments() if arguments else ()
        body = "application/json" if any(item.place == "body" for item in drawn) else ""
        path = f"/{name}" + "".join(f"/{{{item.source}}}" for item in drawn if item.place == "path")
        type_ = self.reference(-1, _ROOTS).removesuffix("!")
        binding = Binding(
            method="GET" if kind == "query" else "POST",
            path=path,
            answers=(Answer("200", "json", type_),),
            body=body,
        )
        return Operation(name=name, kind=kind, type=type_, binding=binding, arguments=drawn, group=group, source=name)

    def _arguments(self) -> tuple[Argument, ...]:
        inputs = [name for name in self.types if isinstance(self.types[name], InputType)]
        places = ["query", "header", "cookie", "query", "path", "body"][: self.draw(st.integers(1, 6))]
        found = []
        for index, place in enumerate(places):
            type_ = self.input_reference(inputs)
            if place == "path":
                type_ = pick(self.draw, ("String!", "Int!", "ID!"))
            style: Any = {"path": "simple", "header": "simple"}.get(place, "form")
            source = pick(self.draw, ("{}", "{}", "x-{}", "{}[]")).format(f"a{index}")
            found.append(
                Argument(
                    name=f"a{index}",
                    type=type_,
                    source=source,
                    place=place,  # type: ignore[arg-type]  # one of the five
                    style="json" if place == "header" and "Input" in type_ else style,
                    explode=chance(self.draw, 50),
                )
            )
        return tuple(found)


@st.composite
def slices(draw: Draw, service: str = "bus", *, arguments: bool = False) -> Slice:
    return SliceMaker(draw, service).slice(arguments=arguments)
