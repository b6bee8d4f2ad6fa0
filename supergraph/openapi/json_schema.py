"""Schemas of any dialect as JSON Schema 2020-12, for generating and checking values.

Only well-formed keywords are kept, so that a defective document still gives a usable schema.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from supergraph.openapi.discriminators import discriminator_property, discriminator_tags
from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle
from supergraph.openapi.scalars import NUMBERS

_TYPES = {"string", "number", "integer", "boolean", "object", "array", "null"}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_KEPT: dict[str, Callable[[Any], bool]] = {
    "title": lambda value: isinstance(value, str),
    "description": lambda value: isinstance(value, str),
    "format": lambda value: isinstance(value, str),
    "pattern": lambda value: isinstance(value, str),
    "enum": lambda value: isinstance(value, list) and bool(value),
    "const": lambda _: True,
    "default": lambda _: True,
    "readOnly": lambda value: value is True,
    "writeOnly": lambda value: value is True,
    "uniqueItems": lambda value: isinstance(value, bool),
    "minimum": _is_number,
    "maximum": _is_number,
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        _is_count,
    ),
}
_ONE = ("items", "additionalProperties", "not", "contains", "propertyNames")
_MANY = ("allOf", "oneOf", "anyOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties")


class JsonSchemas:
    """Translates the schemas of one document. Referred schemas are shared under ``definitions``."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names: dict[Node, str] = {}
        self._made: dict[Node | None, dict[str, Any]] = {}
        self._pending: deque[Node] = deque()  # referred schemas wait: references go deeper than a call stack
        self.definitions: dict[str, Any] = {}
        """The value for ``$defs``, growing with each schema asked for."""

    def schema(self, node: Node | None) -> dict[str, Any]:
        """Return a schema whose ``$ref``s point at ``#/$defs``; an absent or broken one allows anything."""
        if node not in self._made:
            self._made[node] = self._schema(node)
            while self._pending:
                target = self._pending.popleft()
                self.definitions[self._names[target]] = self._translate(target)
        return self._made[node]

    def _schema(self, node: Node | None) -> dict[str, Any]:
        if node is None or not isinstance(node.value, dict):
            return {"not": {}} if node is not None and node.value is False else {}
        if not isinstance(node.get("$ref"), str):
            return self._translate(node)
        target = self._bundle.resolve(node)
        if target is None:
            return {}
        made: dict[str, Any] = {"$ref": f"#/$defs/{self._define(target)}"}
        return _or_null(node, made)

    def document(self, node: Node | None) -> dict[str, Any]:
        """Return a complete schema, with all definitions made so far."""
        made = self.schema(node)
        return {**made, "$defs": self.definitions}

    def _define(self, target: Node) -> str:
        if target not in self._names:
            name = target.key if target.key not in self.definitions else target.place
            name = self._names[target] = name.replace("/", ".").replace("~", "-").replace("%", "-").replace("#", "-")
            self.definitions[name] = {}
            self._pending.append(target)
        return self._names[target]

    def _translate(self, node: Node) -> dict[str, Any]:
        if not isinstance(node.value, dict):
            return self._schema(node)
        made = {key: value for key, value in node.value.items() if key in _KEPT and _KEPT[key](value)}
        types = node.get("type")
        known = [each for each in (types if isinstance(types, list) else [types]) if each in _TYPES]
        if known:
            made["type"] = known if isinstance(types, list) else known[0]
        if made.get("type") == "number" and node.text("format") in NUMBERS:
            made["type"] = "integer"
        if required := node.texts("required"):
            made["required"] = required
        for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if _is_number(node.get(bound)):
                made[bound] = node.get(bound)
            elif node.is_true(bound) and limit in made:  # before JSON Schema draft 6
                made[bound] = made.pop(limit)
        self._inner(node, made)
        self._discriminate(node, made)
        examples = node.get("examples")
        found = [node.get(key) for key in ("example", "x-example") if node.has(key)]
        if found or isinstance(examples, list):
            made["examples"] = found + (examples if isinstance(examples, list) else [])
        return _or_null(node, made)

    def _inner(self, node: Node, made: dict[str, Any]) -> None:
        for key in _ONE:
            child = node.child(key)
            if child is not None and isinstance(child.value, (dict, bool)):
                made[key] = self._schema(child) if isinstance(child.value, dict) else child.value
        for key in _MANY:
            if parts := [self._schema(each) for each in node.items(key)]:
                made[key] = parts
        for key in _BY_NAME:
            if parts_by_name := {name: self._schema(each) for name, each in node.members(key)}:
                made[key] = parts_by_name

    def _discriminate(self, node: Node, made: dict[str, Any]) -> None:
        """Let the discriminator's property be what OpenAPI says in prose: the name of the member."""
        name = discriminator_property(node)
        tags_of = discriminator_tags(node, self._bundle)
        for key in ("oneOf", "anyOf"):
            if not name or key not in made:
                continue
            for index, member in enumerate(node.items(key)):
                if tags := tags_of(member):
                    tagged = {"properties": {name: {"enum": tags}}, "required": [name]}
                    made[key][index] = {"allOf": [made[key][index], tagged]}


def _or_null(node: Node, made: dict[str, Any]) -> dict[str, Any]:
    """``nullable`` of OpenAPI 3.0 and ``x-nullable`` of many 2.0 documents, in the words of JSON Schema."""
    if not (node.is_true("nullable") or node.is_true("x-nullable")):
        return made
    types = made.get("type")
    if isinstance(types, str) and types != "null" and not {"enum", "const"} & made.keys():
        return {**made, "type": [types, "null"]}
    return {"anyOf": [made, {"type": "null"}]}
