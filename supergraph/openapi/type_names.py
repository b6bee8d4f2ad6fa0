"""Names of types, from where their schemas stand. docs/decisions/0021-names-in-the-graph.md has the grammar.

A named schema gives ``ParkingLot``; what stands inside it adds a word after an underscore: ``ParkingLot_OpeningHours``.
So an inline schema never takes the name of a named one, and a name changes only when its own schema moves.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from supergraph.names import digest, distinct, pascal
from supergraph.openapi.node import Node

_SILENT = {"schema", "items", "patternProperties", "prefixItems", "properties"}
_SECTIONS = {
    "definitions": "",
    "schemas": "",
    "$defs": "",
    "paths": "",
    "parameters": "_Parameter",
    "responses": "_Answer",
    "requestBodies": "_Body",
    "headers": "_Header",
}
"""The sections of a document whose members have names, and what is added to these."""

_FOLDERS = {*_SECTIONS, "components", "models", "types"}


class TypeNames:
    """Names the types of one service. ``operations`` are the words for the operations' nodes."""

    def __init__(
        self, prefix: str, components: Iterable[Node], operations: Mapping[Node, str], reserved: Iterable[str]
    ) -> None:
        self.prefix = prefix
        named = {node.place: node for node in components}
        wanted = [(place, prefix + (pascal(node.key) or f"Type_{digest(place)}")) for place, node in named.items()]
        self._reserved = set(reserved)
        names = distinct(wanted, self._reserved)
        self._known: dict[Node, str] = {named[place]: name for place, name in names.items()}
        self._known |= {node: prefix + name for node, name in operations.items()}
        self._owners: dict[str, tuple[str, str]] = {name: (place, "") for place, name in names.items()}

    def name(self, node: Node, facet: str = "") -> str:
        """Return the name of the type that ``node`` gives; ``facet`` tells its several types apart (``Input``)."""
        identity = (node.place, facet)
        name = self._standing(node) + facet
        while name in self._reserved or self._owners.setdefault(name, identity) != identity:
            name = f"{name}_{digest('|'.join(identity))}"
        return name

    def _standing(self, node: Node) -> str:
        name = self._known.get(node)
        if name is None:
            name = self._known[node] = self._below(node)
        return name

    def _below(self, node: Node) -> str:
        parent = node.parent
        if parent is None:
            return self.prefix + file_word(node.file)
        base = self._standing(parent)
        section = _section(node)
        if section is not None:
            return base + pascal(node.key) + section
        word = _word(node, parent)
        if parent.parent is None:
            return base + word
        return f"{base}_{word}" if word else base


def _section(node: Node) -> str | None:
    """Return what marks a member of a section of the document, None if ``node`` is none."""
    section = node.parent
    if section is None or section.parent is None or not isinstance(section.value, dict):
        return None
    holder = section.parent
    if holder.parent is None or (holder.key == "components" and holder.parent.parent is None):
        return _SECTIONS.get(section.key)
    return None


def file_word(file: str) -> str:
    """``schemas/trigger/request.json`` gives TriggerRequest."""
    stem = file.rpartition(".")[0] or file
    return "".join(pascal(part) for part in stem.split("/") if part not in _FOLDERS and part != "..")


def _word(node: Node, parent: Node) -> str:
    """Return what a step of the pointer adds to a name."""
    key = node.key
    is_property = parent.parent is not None and parent.parent.key == "properties"  # may be called like a keyword
    rule = _RULES.get(parent.key)
    if rule is not None and not is_property:
        return rule(node)
    if key == "parameters" and parent.parent is not None and isinstance(node.value, dict):
        return "Body"  # the form parameters of Swagger 2.0, gathered
    if key in _SILENT or key in _RULES or key in _FOLDERS:
        return ""
    return _WORDS.get(key) or pascal(key)


def _status_word(node: Node) -> str:
    """``200`` gives Answer, ``201`` gives Created."""
    if node.key.lower() in {"200", "2xx", "default"}:
        return "Answer"
    try:
        return pascal(HTTPStatus(int(node.key)).phrase)
    except ValueError:
        return pascal(f"answer {node.key}")


def _title_or_place(node: Node) -> str:
    return pascal(node.prose("title")) or f"Option{int(node.key) + 1 if node.key.isdecimal() else node.key}"


def _nothing(_node: Node) -> str:
    return ""


_WORDS = {"requestBody": "Body", "additionalProperties": "Value"}
_RULES: dict[str, Callable[[Node], str]] = {
    "properties": lambda node: pascal(node.key),
    "responses": _status_word,
    "content": _nothing,
    "parameters": lambda node: pascal(node.text("name")),
    "oneOf": _title_or_place,
    "anyOf": _title_or_place,
    "allOf": _nothing,
    "patternProperties": lambda _: "Value",
    "prefixItems": lambda node: f"Item{node.key}",
}
"""By the key of the list or mapping that a step goes into, the word for the member that is chosen."""
