"""Strict reading of what departments write: every defect is named at once, with its JSON pointer and how to mend it.

msgspec stops at the first defect; this walks the annotations of its structs and asks msgspec about each value alone.
"""

import difflib
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType

from supergraph.findings import Finding


def pointer(base: str, key: str | int) -> str:
    """Append a key or a place in a list to an RFC 6901 JSON pointer."""
    return f"{base}/{str(key).replace('~', '~0').replace('/', '~1')}"


def defects(raw: Any, type_: Any, at: str, reference: str) -> Iterator[Finding]:
    """Yield what keeps ``raw`` from being a value of a type; ``reference`` says where the type is described."""
    yield from _Reading(reference).defects(raw, type_, at)


class _Reading:
    def __init__(self, reference: str) -> None:
        self._reference = reference

    def defects(self, raw: Any, type_: Any, at: str) -> Iterator[Finding]:
        shape = _bare(type_)
        if _is_struct(shape):
            if raw is not None or type(None) not in get_args(type_):
                yield from self._in_mapping(raw, shape, at)
            return
        inside = [
            each for key, value, inner in _children(raw, shape) for each in self.defects(value, inner, pointer(at, key))
        ]
        yield from inside or self._in_value(raw, type_, at)

    def _in_mapping(self, raw: Any, struct: type[Struct], at: str) -> Iterator[Finding]:
        if not isinstance(raw, dict):
            yield Finding("error", at, "a mapping of keys to values is expected", self._reference)
            return
        fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
        for key in raw.keys() - fields.keys():
            near = difflib.get_close_matches(str(key), fields, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(fields)}."
            yield Finding("error", pointer(at, str(key)), f"the key {key!r} is unknown", fix)
        for key, field in fields.items():
            if field.required and raw.get(key) is None:
                yield Finding("error", at, f"the key {key!r} is missing", _advice(field.type) or self._reference)
            elif key in raw:
                yield from self.defects(raw[key], field.type, pointer(at, key))

    def _in_value(self, raw: Any, type_: Any, at: str) -> Iterator[Finding]:
        try:
            msgspec.convert(raw, type_)
        except msgspec.ValidationError as wrong:
            message, _, place = str(wrong).replace("`", "").partition(" - at $")
            message = "the text does not fit" if "matching regex" in message else message[0].lower() + message[1:]
            yield Finding("error", at, message + (f" (in {place})" if place else ""), _advice(type_) or self._reference)


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, Struct)


def _children(raw: Any, shape: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """Yield what a mapping or a list holds: its key or place, its value, and the type that it should be of."""
    origin, inner = get_origin(shape), get_args(shape)
    if origin is dict and isinstance(raw, dict):
        yield from ((key, value, inner[1]) for key, value in raw.items())
    elif origin in (tuple, list) and isinstance(raw, list):
        yield from ((at, value, inner[0]) for at, value in enumerate(raw))


def _bare(type_: Any) -> Any:
    """Return a type without its limits, and of ``X | None`` or ``X | UnsetType`` just X."""
    while get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    members = [each for each in get_args(type_) if each not in (type(None), UnsetType)]
    optional = len(members) < len(get_args(type_)) and len(members) == 1
    return _bare(members[0]) if optional else type_


def _advice(type_: Any) -> str:
    """Return what the annotation says that the value should be."""
    alternatives = [type_] if get_origin(type_) is Annotated else [type_, *get_args(type_)]
    metas = [meta for each in alternatives for meta in getattr(each, "__metadata__", ())]
    return next((meta.description for meta in metas if isinstance(meta, Meta) and meta.description), "")
