"""Bytes of a JSON or YAML file to a tree of plain values: mappings with string keys, lists and scalars.

YAML is read by libyaml (PyYAML) with the scalars of YAML 1.2's core schema: dates stay strings, only ``true`` and
``false`` are booleans. docs/decisions/0020-reading-yaml.md has the measurements.
"""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple

import msgspec
import yaml
from msgspec import Struct

MAX_VALUES = 500_000  # with aliases expanded; the largest of 203 real documents has 23,193
MAX_DEPTH = 200  # the deepest of 203 real documents has 18 levels


class Defect(Struct, frozen=True):
    """Something wrong in a file's text; ``pointer`` names the value it stands at."""

    pointer: str
    message: str
    fix: str


class LoadError(Exception):
    """The file is no usable JSON or YAML."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.message)
        self.defect = defect


def load(data: bytes) -> tuple[Any, list[Defect]]:
    """Return the file's tree and its harmless defects. Raises LoadError."""
    text = decoded(data)
    if text.lstrip()[:1] in {"{", "["}:
        try:
            tree = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            pass  # flow style YAML, or JSON with comments or a trailing comma: YAML reads both
        else:
            if _deeper_than(tree, MAX_DEPTH):
                raise LoadError(_too_deep(""))
            return tree, []
    return _YamlTree().build(text)


def decoded(data: bytes) -> str:
    """Return a file's text. Raises LoadError."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        message = f"byte {wrong.start} is not UTF-8"
        raise LoadError(Defect("", message, "Save the file in UTF-8.")) from None


def _deeper_than(tree: Any, levels: int) -> bool:
    level = [tree]
    for _ in range(levels):
        level = [child for value in level for child in _children(value)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _too_deep(pointer: str) -> Defect:
    return Defect(pointer, f"more than {MAX_DEPTH} levels of nesting", "Move inner schemas to components.")


_CORE_SCHEMA = re.compile(
    r"(?P<null>~|null|Null|NULL|)|(?P<bool>true|True|TRUE|false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]{1,4000}|0o[0-7]+|0x[0-9a-fA-F]+)"  # Python reads no decimal integers beyond 4,300 digits
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)  # YAML 1.2.2 section 10.3.2, without .inf and .nan, which JSON has not
_RESOLVED_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_MERGE = "<<"


def _resolve(text: str) -> Any:
    match = _CORE_SCHEMA.fullmatch(text)
    if match is None:
        return text
    if match["int"] is not None:
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if match["float"] is not None:
        number = float(text)
        return number if isfinite(number) else text
    return None if match["null"] is not None else text[0] in "tT"


class _Open(NamedTuple):
    """A mapping or list whose end has not been read yet."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    merged: list[Any]


class _YamlTree:
    """Builds plain values from libyaml's events, without recursion. Aliased values are shared."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._keys: list[str | None] = []  # per open value, the key or index of the child being read
        self._sizes: list[int] = [0]
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._defects: list[Defect] = []
        self._root: Any = None
        self._resolved: dict[str, Any] = {}

    def build(self, text: str) -> tuple[Any, list[Defect]]:
        empty = True
        try:
            for event in yaml.parse(text, yaml.CSafeLoader):
                if isinstance(event, yaml.DocumentEndEvent):
                    return self._root, self._defects
                empty = empty and not isinstance(event, yaml.NodeEvent)
                self._read(event)
        except yaml.MarkedYAMLError as wrong:
            mark = wrong.problem_mark or wrong.context_mark
            where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
            problem = f"{wrong.context or ''} {wrong.problem or ''}".strip() or "unreadable"
            raise LoadError(Defect("", f"not valid YAML: {problem}{where}", "Mend the text there.")) from None
        except (yaml.YAMLError, ValueError) as wrong:
            raise LoadError(Defect("", f"not valid YAML: {wrong}", "Mend the text there.")) from None
        raise LoadError(Defect("", "the file is empty", "Give a JSON or YAML document."))

    def _read(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind in {yaml.MappingStartEvent, yaml.SequenceStartEvent}:
            self._start({} if kind is yaml.MappingStartEvent else [], event.anchor)
        elif kind in {yaml.MappingEndEvent, yaml.SequenceEndEvent}:
            self._end()
        elif kind is yaml.AliasEvent:
            value, size = self._anchors.get(event.anchor, (None, 0))
            if not size:
                message = f"the alias *{event.anchor} has no anchor before it, or stands inside its own"
                raise LoadError(self._defect(message, "Use $ref to a component."))
            self._place(value, size)

    def _scalar(self, event: Any) -> None:
        if self._awaits_key():
            self._key(event.value)
            return
        text = value = event.value
        if event.implicit[0] or event.tag in _RESOLVED_TAGS:
            if text not in self._resolved:
                self._resolved[text] = _resolve(text)
            value = self._resolved[text]
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(value, 1)

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._keys[-1] is None and isinstance(self._open[-1].value, dict)

    def _key(self, key: str) -> None:
        if key in self._open[-1].value and key != _MERGE:
            self._keys[-1] = key
            fix = f"Remove one of the {key!r}; the last is used."
            self._defects.append(self._defect(f"the key {key!r} stands twice in one mapping", fix))
        self._keys[-1] = key

    def _start(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise LoadError(_too_deep(self._pointer()))
        if self._awaits_key():
            raise LoadError(self._defect("a mapping's key is a list or mapping", "Use text as the key."))
        if anchor:
            self._anchors[anchor] = (None, 0)
        self._open.append(_Open(value, anchor, []))
        self._keys.append(None)
        self._sizes.append(1)

    def _end(self) -> None:
        done, size = self._open.pop(), self._sizes.pop()
        self._keys.pop()
        for part in done.merged:
            for inner in part if isinstance(part, list) else [part]:
                if isinstance(inner, dict) and isinstance(done.value, dict):
                    for key, value in inner.items():
                        done.value.setdefault(key, value)
        if done.anchor:
            self._anchors[done.anchor] = (done.value, size)
        self._place(done.value, size)

    def _place(self, value: Any, size: int) -> None:
        self._sizes[-1] += size
        if self._sizes[-1] > MAX_VALUES:
            message = f"more than {MAX_VALUES} values once all aliases are expanded"
            raise LoadError(self._defect(message, "Use $ref to components in place of aliases."))
        if not self._open:
            self._root = value
            return
        parent, key = self._open[-1], self._keys[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif key is None:  # an alias used as a key
            self._key(str(value))
        else:
            if key == _MERGE:
                parent.merged.append(value)
            else:
                parent.value[key] = value
            self._keys[-1] = None

    def _pointer(self) -> str:
        keys = [
            str(len(opened.value)) if isinstance(opened.value, list) else key or ""
            for opened, key in zip(self._open, self._keys, strict=True)
        ]
        return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)

    def _defect(self, message: str, fix: str) -> Defect:
        return Defect(self._pointer(), message, fix)
