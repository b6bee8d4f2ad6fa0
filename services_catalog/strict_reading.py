"""Strict reading of what departments write: every defect is named at once, with its JSON pointer and how to mend it.

msgspec stops at the first defect; this walks the annotations of its structs and asks msgspec about each value alone.
"""

import difflib
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from services_catalog.expected_values import advice, bare, misfit, wish
from supergraph.findings import Finding


def pointer(base: str, key: str | int) -> str:
    """Append a key or a place in a list to an RFC 6901 JSON pointer."""
    return f"{base}/{str(key).replace('~', '~0').replace('/', '~1')}"


def defects(raw: Any, type_: Any, at: str, reference: str) -> Iterator[Finding]:
    """Yield what keeps ``raw`` from being a value of a type; ``reference`` says where the type is described."""
    yield from _Reading(reference).defects(raw, type_, at)


def partly(raw: Any, type_: Any) -> Any:
    """Return what can be read of a value with defects, to look further at it and never to use it.

    A struct is one in any case: what cannot be read in it is None, whatever its annotation says. A list of structs has
    them all, so that places stay as they are.
    """
    shape = bare(type_)
    if _is_struct(shape):
        if raw is None and type(None) in get_args(type_):
            return None
        given = raw if isinstance(raw, dict) else {}
        fields = msgspec.structs.fields(shape)
        read = {field.name: partly(given[name], field.type) for field in fields if (name := field.encode_name) in given}
        return shape(**{field.name: None for field in fields if field.required} | read)
    if get_origin(shape) is list and _is_struct(bare(get_args(shape)[0])):
        return [partly(each, get_args(shape)[0]) for each in raw] if isinstance(raw, list) else []
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError:
        return None


class _Reading:
    def __init__(self, reference: str) -> None:
        self._reference = reference

    def defects(self, raw: Any, type_: Any, at: str) -> Iterator[Finding]:
        shape = bare(type_)
        if _is_struct(shape):
            if raw is not None or type(None) not in get_args(type_):
                yield from self._in_mapping(raw, shape, at)
            return
        inside = [
            each for key, value, inner in _children(raw, shape) for each in self.defects(value, inner, pointer(at, key))
        ]
        if isinstance(raw, dict) and get_origin(shape) is dict:
            inside += _of_keys(raw, type_, at)
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
                yield Finding("error", at, f"the key {key!r} is missing", self._wish(field.type))
            elif key in raw:
                yield from self.defects(raw[key], field.type, pointer(at, key))

    def _wish(self, type_: Any) -> str:
        return self._reference if _is_struct(bare(type_)) else wish(type_)

    def _in_value(self, raw: Any, type_: Any, at: str) -> Iterator[Finding]:
        try:
            msgspec.convert(raw, type_)
        except msgspec.ValidationError:
            message, fix = misfit(raw, type_)
            yield Finding("error", at, message, fix)


def _of_keys(raw: dict[str, Any], type_: Any, at: str) -> Iterator[Finding]:
    """Yield the keys of a plain mapping that cannot stand there."""
    of = get_args(bare(type_))[0]
    for key in raw:
        try:
            msgspec.convert(key, of)
        except msgspec.ValidationError:
            yield Finding("error", pointer(at, key), f"the key {key!r} does not fit", advice(type_) or wish(of))


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, Struct)


def _children(raw: Any, shape: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """Yield what a mapping or a list holds: its key or place, its value, and the type that it should be of."""
    origin, inner = get_origin(shape), get_args(shape)
    if origin is dict and isinstance(raw, dict):
        yield from ((key, value, inner[1]) for key, value in raw.items())
    elif origin in (tuple, list) and isinstance(raw, list):
        yield from ((at, value, inner[0]) for at, value in enumerate(raw))
