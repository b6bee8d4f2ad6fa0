"""What a schema says of a value, whatever dialect it is written in: ``$ref`` followed, ``allOf`` merged.

A shape may come from several nodes at once, of which all hold: parts of an ``allOf``, or a base and one alternative.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct, field

from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle
from supergraph.openapi.report import Report

TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "file"})
_OBJECT_WORDS = ("properties", "additionalProperties", "patternProperties", "minProperties", "maxProperties")
_ARRAY_WORDS = ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")
_STRING_WORDS = ("pattern", "minLength", "maxLength")
_NUMBER_WORDS = ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
_KINDS = {"properties": dict, "allOf": list, "oneOf": list, "anyOf": list, "enum": list}
_WEIGHTY = frozenset(
    {"properties", "required", "items", "additionalProperties", "patternProperties", "prefixItems"}
    | {"enum", "const", "oneOf", "anyOf", "format"}
)
_INTEGERS = frozenset({"integer"})

Parts = tuple[Node, ...]


class Alternatives(NamedTuple):
    """The members of one ``oneOf`` or ``anyOf``, and where they lead; ``holder`` is the schema that has it."""

    holder: Node
    members: Parts
    targets: frozenset[Node | None]


class Shape(Struct):
    """All that one or more schemas say together."""

    types: frozenset[str] = frozenset()  # empty: nothing is said
    nullable: bool = False
    format: str = ""
    enum: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    additional: list[Node] = field(default_factory=list)  # schemas of the values of a map
    items: list[Node] = field(default_factory=list)
    tuple_items: list[Node] = field(default_factory=list)
    alternatives: list[Alternatives] = field(default_factory=list)
    title: str = ""
    description: str = ""
    default: Any = None
    deprecated: bool = False
    read_only: bool = False
    write_only: bool = False
    value_names: list[str] = field(default_factory=list)
    missing: bool = False  # a part is not in the document
    broken: bool = False  # a part is no schema

    @property
    def is_object(self) -> bool:
        return self.types == {"object"} or (not self.types and bool(self.properties or self.additional))

    @property
    def says_nothing(self) -> bool:
        """Whether it only limits values whose type others give, as ``required: [a]`` in an ``anyOf`` does."""
        return not (
            self.types
            or self.properties
            or self.items
            or self.additional
            or self.missing
            or self.broken
            or self.enum is not None
        )


class Shapes:
    """Reads shapes from the schemas of one document."""

    def __init__(self, bundle: Bundle, report: Report, *, ref_siblings: bool) -> None:
        self.bundle = bundle
        self._report = report
        self._ref_siblings = ref_siblings  # OpenAPI 3.1: what stands beside a $ref holds too
        self._known: dict[tuple[Parts, frozenset[Node]], Shape] = {}
        self._essences: dict[Node, Node] = {}
        self._alternatives: dict[Node, list[Alternatives]] = {}

    def of(self, parts: Parts, spent: frozenset[Node] = frozenset()) -> Shape:
        """Return what ``parts`` say together, without the alternatives of the schemas in ``spent``."""
        key = (parts, spent)
        if key not in self._known:
            shape = _Merge(self, self._report, ref_siblings=self._ref_siblings).merge(parts)
            shape.alternatives = [each for each in shape.alternatives if each.holder not in spent]
            self._known[key] = shape
        return self._known[key]

    def alternatives(self, node: Node) -> list[Alternatives]:
        """Return the schema's own choices."""
        if node not in self._alternatives:
            choices = [members for key in ("oneOf", "anyOf") if (members := tuple(node.items(key)))]
            self._alternatives[node] = [
                Alternatives(node, members, frozenset(map(self.bundle.resolve, members))) for members in choices
            ]
        return self._alternatives[node]

    def resolved(self, parts: Iterable[Node]) -> Parts:
        """Return the schemas that ``parts`` stand for, each once, without those that say nothing."""
        found = dict.fromkeys(self._essence(part) for part in parts)
        if len(found) > 1:
            telling = [node for node in found if not self._is_silent(node)]
            return tuple(telling) or tuple(found)[:1]
        return tuple(found)

    def _essence(self, node: Node) -> Node:
        """Follow ``$ref``s, and ``allOf``s of one member, while nothing of weight stands beside them."""
        seen: set[Node] = set()
        while node not in seen and node not in self._essences and isinstance(node.value, dict):
            seen.add(node)
            has_weight = not node.value.keys().isdisjoint(_WEIGHTY)
            inner = list(node.items("allOf"))
            if isinstance(node.get("$ref"), str) and not (self._ref_siblings and (has_weight or inner)):
                node = self.bundle.target(node) or node
            elif len(inner) == 1 and not has_weight:
                node = inner[0]
        node = self._essences.get(node, node)
        self._essences.update(dict.fromkeys(seen, node))
        return node

    def _is_silent(self, node: Node) -> bool:
        shape = self.of((node,))
        return shape.says_nothing and not shape.alternatives


class _Merge:
    """One run over some schemas and all that they refer to and include."""

    def __init__(self, shapes: "Shapes", report: Report, *, ref_siblings: bool) -> None:
        self._shapes = shapes
        self._report = report
        self._ref_siblings = ref_siblings
        self._seen: set[Node] = set()
        self._pending: list[tuple[Node, bool]] = []  # a stack, for chains of schemas go deeper than Python's own
        self._shape = Shape()

    def merge(self, parts: Parts) -> Shape:
        self._pending = [(part, False) for part in reversed(parts)]
        while self._pending:
            node, is_open = self._pending.pop()
            if is_open:
                self._structure(node)
                self._pending += [(part, False) for part in reversed(list(node.items("allOf")))]
            elif node not in self._seen and node.value is not True:
                self._seen.add(node)
                self._open(node)
        self._shape.alternatives = [each for each in self._shape.alternatives if not self._is_chosen(each)]
        return self._shape

    def _is_chosen(self, alternatives: Alternatives) -> bool:
        """A schema that includes its base, which lists it among its choices, has made the choice."""
        return not self._seen.isdisjoint(alternatives.targets)

    def _open(self, node: Node) -> None:
        """Read what a schema says in words; what it refers to comes next, then its own structure."""
        if not isinstance(node.value, dict):
            self._shape.broken = True
            fix = "Write a mapping, such as `type: string`."
            self._report.warning(node, "this is no schema; any JSON is taken in its place", fix)
            return
        self._annotate(node)
        refers = isinstance(node.get("$ref"), str)
        if not refers or self._ref_siblings:
            self._pending.append((node, True))
        if refers:
            target = self._shapes.bundle.resolve(node)
            self._shape.missing |= target is None
            if target is not None:
                self._pending.append((target, False))

    def _annotate(self, node: Node) -> None:
        shape = self._shape
        shape.title = shape.title or node.prose("title")
        shape.description = shape.description or node.prose("description")
        shape.nullable |= node.is_true("nullable") or node.is_true("x-nullable")
        shape.deprecated |= node.is_true("deprecated")
        shape.read_only |= node.is_true("readOnly")
        shape.write_only |= node.is_true("writeOnly")
        if shape.default is None:
            shape.default = node.get("default")

    def _structure(self, node: Node) -> None:
        shape = self._shape
        for key, kind in _KINDS.items():
            if key in node.value and not isinstance(node.value[key], kind):
                fix = f"Write {'a list' if kind is list else 'a mapping'}, or remove it."
                self._report.warning(f"{node.place}/{key}", f"`{key}` has a form that says nothing", fix)
        self._types(node)
        shape.format = node.text("format") or shape.format
        shape.minimum = _tighter(shape.minimum, node, "minimum", "exclusiveMinimum", max)
        shape.maximum = _tighter(shape.maximum, node, "maximum", "exclusiveMaximum", min)
        self._enum(node)
        for name, each in node.members("properties"):
            shape.properties.setdefault(name, []).append(each)
        shape.required.update(node.texts("required"))
        for key in ("additionalProperties", "patternProperties"):
            self._map_values(node, key)
        for key, found in (("items", shape.items), ("prefixItems", shape.tuple_items)):
            child = node.child(key)
            if child is not None and isinstance(child.value, list):  # a tuple before JSON Schema 2020-12
                shape.tuple_items.extend(node.items(key))
            elif child is not None and child.value is not False:
                found.append(child)
        shape.alternatives += self._shapes.alternatives(node)

    def _types(self, node: Node) -> None:
        written = node.get("type")
        names = {str(each).lower() for each in (written if isinstance(written, list) else [written]) if each}
        self._shape.nullable |= "null" in names
        types = frozenset(names & TYPES)
        if unknown := names - TYPES - {"null", "any"}:
            fix = "Use string, number, integer, boolean, object, array or a $ref."
            self._report.warning(f"{node.place}/type", f"no type is called {', '.join(sorted(unknown))}", fix)
        types = types or _implied_types(node)
        shape = self._shape
        if not shape.types or not types:
            shape.types = shape.types or types
            return
        common = shape.types & types
        if not common and "number" in shape.types | types:
            common = _INTEGERS & (shape.types | types)
        if not common:
            message = f"contradicts the other parts: {_listed(types)} beside {_listed(shape.types)}"
            self._report.warning(node, message, "Let all parts of allOf describe one type.")
        shape.types = common or shape.types

    def _enum(self, node: Node) -> None:
        shape = self._shape
        values = [node.get("const")] if node.has("const") else node.get("enum")
        if not isinstance(values, list) or not values:
            return
        shape.nullable |= None in values and "type" not in node.value
        if shape.enum is not None:
            values = [each for each in shape.enum if each in values] or shape.enum
        else:
            names = node.get("x-enum-varnames") or node.get("x-enumNames")
            if isinstance(names, list) and len(names) == len(values):
                shape.value_names = [str(each) for each in names]
        shape.enum = values

    def _map_values(self, node: Node, key: str) -> None:
        child = node.child(key)
        if child is None or not isinstance(child.value, dict):
            return
        self._shape.additional.extend([each for _, each in child.members()] if key == "patternProperties" else [child])


def _implied_types(node: Node) -> frozenset[str]:
    """Return what a schema without ``type`` must mean."""
    for words, name in (
        (_OBJECT_WORDS, "object"),
        (_ARRAY_WORDS, "array"),
        (_STRING_WORDS, "string"),
        (_NUMBER_WORDS, "number"),
    ):
        if any(node.has(word) for word in words):
            return frozenset({name})
    return frozenset()


def _tighter(known: float | None, node: Node, key: str, exclusive: str, choose: Any) -> float | None:
    for value in (node.get(key), node.get(exclusive)):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            known = value if known is None else choose(known, value)
    return known


def _listed(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))
