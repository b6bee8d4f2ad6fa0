"""A place in a document: a plain value that knows its file and JSON pointer, and forgives a wrong type.

A document may hold anything anywhere; asking a node for a mapping, list or text where there is none gives an
empty one, so that readers need no checks of their own.
"""

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Node:
    """A value with its place. One place of a file is one Node object, so nodes can be compared and be keys."""

    __slots__ = ("_children", "file", "parent", "pointer", "value")

    def __init__(self, value: Any, *, file: str = "", pointer: str = "", parent: "Node | None" = None) -> None:
        self.value = value
        self.file = file
        """The file's path, "" for the entry file."""
        self.pointer = pointer
        """The RFC 6901 pointer inside the file."""
        self.parent = parent
        self._children: dict[str, Node] = {}

    @classmethod
    def gather(cls, value: dict[str, Any], children: dict[str, "Node"], at: "Node") -> "Node":
        """Return a mapping that the document does not hold as one: its members keep their own places."""
        made = cls(value, file=at.file, pointer=at.pointer, parent=at.parent)
        made._children = dict(children)
        return made

    @property
    def place(self) -> str:
        """The pointer, with the file before ``#`` if it is not the entry file."""
        return f"{self.file}#{self.pointer}" if self.file else self.pointer

    @property
    def key(self) -> str:
        """The last token of the pointer, unescaped."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    def child(self, key: str) -> "Node | None":
        """The member of a mapping or the item of a list, None if there is none."""
        known = self._children.get(key)
        if known is not None:
            return known
        value = self.value
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 9 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
        token = key.replace("~", "~0").replace("/", "~1")
        made = self._children[key] = Node(value, file=self.file, pointer=f"{self.pointer}/{token}", parent=self)
        return made

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str, default: Any = None) -> Any:
        """The plain value of a member."""
        return self.value.get(key, default) if isinstance(self.value, dict) else default

    def text(self, key: str) -> str:
        """The member as text, "" if it is none."""
        value = self.get(key)
        return value if isinstance(value, str) else ""

    def prose(self, key: str) -> str:
        """The member as text for readers: plain line ends, no indent, no control characters."""
        text = self.text(key)
        return cleandoc(_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip() if text else ""

    def is_true(self, key: str) -> bool:
        return self.get(key) is True

    def members(self, key: str | None = None) -> Iterator[tuple[str, "Node"]]:
        """The members of this mapping, or of the mapping at ``key``."""
        node = self if key is None else self.child(key)
        if node is None or not isinstance(node.value, dict):
            return
        for name in node.value:
            made = node.child(name)
            if made is not None:
                yield name, made

    def items(self, key: str) -> Iterator["Node"]:
        """The items of the list at ``key``."""
        node = self.child(key)
        if node is None or not isinstance(node.value, list):
            return
        for index in range(len(node.value)):
            made = node.child(str(index))
            if made is not None:
                yield made

    def texts(self, key: str) -> list[str]:
        """The texts of the list at ``key``."""
        value = self.get(key)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
