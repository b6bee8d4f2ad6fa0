"""Which member of a union an answer is: by the discriminator's value, else by the shape of its JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from supergraph.slice import EnumType, ObjectType, Type, UnionType, named

Resolve = Callable[[Any], str | None]

_KINDS: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Int": (int,),
    "BigInt": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "ID": (str, int),
    "Date": (str,),
    "DateTime": (str,),
    "Decimal": (str, int, float),
    "Base64": (str,),
}


def resolver(union: UnionType, types: Mapping[str, Type]) -> Resolve:
    """Return the function from a JSON value to its member's type name, or None if no member fits.

    Without a discriminator the member fits that has all its required fields with values of the right JSON kind; of
    several those whose inner objects fit as well, then the one with the most of the value's properties, then the first.
    """
    by_tag = {tag: member.type for member in union.members for tag in member.tags}
    members = [(member.type, types[member.type]) for member in union.members]

    def by_shape(value: Any) -> str | None:
        scores = {name: _fit(value, member, types) for name, member in members if isinstance(member, ObjectType)}
        fitting = [name for name, score in scores.items() if score >= 0]
        if len(fitting) > 1:
            fitting = [name for name in fitting if _fits_inside(value, name, types)] or fitting
        return max(fitting, key=scores.__getitem__, default=None)

    def resolve(value: Any) -> str | None:
        if by_tag and isinstance(value, dict):
            tag = value.get(union.discriminator)
            if isinstance(tag, str) and tag in by_tag:
                return by_tag[tag]
        return by_shape(value)

    return resolve


def _fit(value: Any, member: ObjectType, types: Mapping[str, Type]) -> int:
    """Say how well ``value`` fits: -1 not at all, else the number of the member's fields that it has."""
    if member.kind == "wrapper":
        return 0 if has_kind(value, member.fields[0].type, types) else -1
    if not isinstance(value, dict):
        return -1
    score = 0
    for field in member.fields:
        if field.source in value:
            if not has_kind(value[field.source], field.type, types):
                return -1
            score += 1
        elif field.type.endswith("!"):
            return -1
    return score


def _fits_inside(value: Any, reference: str, types: Mapping[str, Type]) -> bool:
    """Say whether the objects at any depth of ``value`` have their required fields too."""
    type_ = types.get(named(reference))
    if value is None or not isinstance(type_, ObjectType) or type_.kind == "wrapper":
        return True
    if isinstance(value, list):
        return all(_fits_inside(item, reference, types) for item in value)
    if type_.kind == "entry":
        values = value.values() if isinstance(value, dict) else ()
        return all(_fits_inside(item, type_.fields[1].type, types) for item in values)
    return _fit(value, type_, types) >= 0 and all(
        _fits_inside(value.get(field.source), field.type, types) for field in type_.fields
    )


def has_kind(value: Any, reference: str, types: Mapping[str, Type]) -> bool:
    """Say whether a value has the JSON kind of a type, looking no deeper than a list's first item."""
    if value is None:
        return not reference.endswith("!")
    bare = reference.removesuffix("!")
    type_ = types.get(named(bare))
    if bare.startswith("["):
        if isinstance(type_, ObjectType) and type_.kind == "entry":
            return isinstance(value, dict)
        return isinstance(value, list) and (not value or has_kind(value[0], bare[1:-1], types))
    return _is_named_kind(value, bare, type_)


def _is_named_kind(value: Any, name: str, type_: Type | None) -> bool:
    if isinstance(type_, EnumType):
        kind = float if isinstance(value, float) else type(value)  # a Number is a float too
        return any(item.source == value and type(item.source) is kind for item in type_.values)
    if isinstance(type_, ObjectType):
        return isinstance(value, dict) or type_.kind == "wrapper"
    if isinstance(type_, UnionType) or name == "JSON":
        return True
    kinds = _KINDS.get(name, ())
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
