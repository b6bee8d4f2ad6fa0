"""What should stand where something else does, in plain words: msgspec says it in those of Python.

No text that was given is repeated: it may be a secret.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta, Struct, UnsetType

_NOUNS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    date: "a day such as 2027-01-01",
    datetime: "a time with its zone, such as 2027-01-01T09:00:00+08:00",
    list: "a list",
    tuple: "a list",
    dict: "a mapping of keys to values",
}
_UNITS: Mapping[Any, str] = {str: " characters", list: " entries", tuple: " entries", dict: " keys"}
_LIMITS = ("ge", "gt", "le", "min_length", "max_length")


def bare(type_: Any) -> Any:
    """Return a type without its limits, and of ``X | None`` or ``X | UnsetType`` just X."""
    while get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    members = [each for each in get_args(type_) if each not in (type(None), UnsetType)]
    optional = len(members) < len(get_args(type_)) and len(members) == 1
    return bare(members[0]) if optional else type_


def metas(type_: Any) -> Iterator[Meta]:
    """Yield the limits that stand at a type, or at one of its alternatives."""
    alternatives = [type_] if get_origin(type_) is Annotated else [type_, *get_args(type_)]
    for each in alternatives:
        yield from (meta for meta in getattr(each, "__metadata__", ()) if isinstance(meta, Meta))


def advice(type_: Any) -> str:
    """Return what the annotation says that the value should be."""
    return next((meta.description for meta in metas(type_) if meta.description), "")


def wish(type_: Any) -> str:
    """Return what to write for a value of a type, as advice."""
    return advice(type_) or f"Write {_wanted(type_)}."


def misfit(raw: Any, type_: Any) -> tuple[str, str]:
    """Return what is wrong with a value that is not of a type, and how to mend it."""
    if isinstance(raw, str) and _noun(type_) == "text" and any(each.pattern for each in metas(type_)):
        wrong = "the text does not fit"
    else:
        wrong = f"{_shown(raw, type_)} stands where {_wanted(type_)} belongs"
    return wrong, wish(type_) if raw is not None else f"{wish(type_)} Or leave it out."


def _noun(type_: Any) -> str:
    shape = bare(type_)
    if isinstance(shape, type) and issubclass(shape, Struct):
        return _NOUNS[dict]
    return _NOUNS.get(get_origin(shape) or shape, "another value")


def _wanted(type_: Any) -> str:
    shape = bare(type_)
    if get_origin(shape) is Literal:
        choices = ", ".join(map(str, get_args(shape)))
        return f"one of {choices}" if len(get_args(shape)) > 1 else choices
    if get_origin(shape) in (Union, UnionType):
        return " or ".join(_wanted(each) for each in get_args(shape) if each not in (type(None), UnsetType))
    noun, unit = _noun(type_), _UNITS.get(get_origin(shape) or shape, "")
    limits = {name: limit for meta in metas(type_) for name in _LIMITS if (limit := getattr(meta, name)) is not None}
    least, most = limits.get("ge", limits.get("min_length")), limits.get("le", limits.get("max_length"))
    if least is not None and most is not None:
        return f"{noun} {'of' if unit else 'from'} {least} to {most}{unit}"
    if least is not None:
        return f"{noun} of at least {least}{unit}"
    above = f" above {limits['gt']}" if "gt" in limits else ""
    up_to = f" {'of ' if unit else ''}up to {most}{unit}" if most is not None else ""
    return f"{noun}{above}{' and' if above and up_to else ''}{up_to}"


def _shown(raw: Any, type_: Any) -> str:
    """Name what stands there; itself only if it is one of the values that can be no secret."""
    if raw is None:
        return "nothing"
    if raw in ("", [], {}):
        return "empty text" if raw == "" else "an empty list" if raw == [] else "an empty mapping"
    shape = bare(type_)
    if isinstance(raw, str) and get_origin(shape) is Literal:
        return repr(raw[:40])
    if isinstance(raw, (int, float)) and (shape in (int, float) or isinstance(raw, bool)):
        return str(raw).lower()
    return {int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}[type(raw)]
