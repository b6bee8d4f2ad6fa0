"""An entry as front ends read it: JSON with the graph's names, every text with a fallback, nothing internal.

It is put together in C: each struct has a twin with the graph's names. Going over the fields in Python took more than
ten times as long, half a millisecond an entry.
"""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UNSET, Struct

from services_catalog.entries.bindings import BoundOperation
from services_catalog.entries.conditions import Rule
from services_catalog.entries.words import Localized, LocalizedProse
from services_catalog.reading.shown import Shown

HIDDEN: dict[type[Struct], frozenset[str]] = {
    # Who answers for the text, within the administration; and steps are read as a life event's.
    Shown: frozenset({"owner_contact", "steps"}),
    BoundOperation: frozenset({"probe", "safe", "slow_after_ms"}),  # how it is tested
}


class _Text(Struct, rename={"in_english": "en"}):
    """A text in both languages."""

    zh: str
    in_english: str
    translated: bool


def camel(name: str) -> str:
    """Return a field's name as the graph writes it: ``on_site_visits`` → ``onSiteVisits``."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


_SAID = [(name, camel(name)) for name in Shown.__struct_fields__ if name not in HIDDEN[Shown]]


def encode(shown: Shown) -> bytes:
    """Return the JSON that gateways keep and cut to what is selected."""
    said = {key: value for name, key in _SAID if (value := getattr(shown, name)) is not UNSET}
    return msgspec.json.encode(msgspec.convert(said, _twin(Shown), from_attributes=True))


def plain(value: Any) -> Any:
    """Return a struct of an answer, or a tuple of some, ready to be encoded with the graph's names."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return msgspec.convert(value, _twin(type(value)), from_attributes=True) if isinstance(value, Struct) else value


@cache
def _twin(kind: type[Struct]) -> type[Struct]:
    """Return a struct that takes another's values as they are, and is encoded without what is null."""
    if kind in (Localized, LocalizedProse):
        return _Text
    hidden = HIDDEN.get(kind, frozenset())
    shown = [each for each in msgspec.structs.fields(kind) if each.name not in hidden]
    fields = [
        (each.name, _type(each.type), each.default if each.default in (None, UNSET) else NODEFAULT) for each in shown
    ]
    tags: dict[str, Any] = {"tag": kind.__struct_config__.tag, "tag_field": kind.__struct_config__.tag_field}
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, rename=camel, omit_defaults=True, **tags)


def _type(of: Any) -> Any:
    """Return a field's type with twins in place of structs, and without limits: they were kept when it was written."""
    if isinstance(of, type) and issubclass(of, Struct):
        return _twin(of)
    origin, inner = get_origin(of), get_args(of)
    if origin is Annotated:
        return _type(inner[0])
    if origin in (Union, UnionType):  # a rule is read as JSON
        return Any if set(get_args(Rule)) <= set(inner) else Union[tuple(map(_type, inner))]  # noqa: UP007 - of a tuple
    if origin in (tuple, dict):
        return origin[tuple(map(_type, inner))]
    return of
