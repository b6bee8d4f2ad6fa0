"""The JSON schemas of what the catalogue answers, made from its structs: names and texts as ``wire`` writes them."""

from typing import Any, get_args

import msgspec
from msgspec import Struct

from services_catalog.entries import bindings, channels, materials, times, words
from services_catalog.launching import ways
from services_catalog.reading.wire import HIDDEN, camel

_REFERENCE = "#/components/schemas/{name}"
_LITERALS = {
    "EntryLevel": words.EntryLevel,
    "ItemType": words.ItemType,
    "PowerSource": words.PowerSource,
    "Exercised": words.Exercised,
    "Audience": words.Audience,
    "ChannelKind": words.ChannelKind,
    "Flow": bindings.Flow,
    "WayKind": ways.WayKind,
    "Obstacle": ways.Obstacle,
    "Host": words.Host,
    "Reach": words.Reach,
    "ResidentLevel": words.ResidentLevel,
    "TimeUnit": times.TimeUnit,
    "Weekday": channels.Weekday,
    "Necessity": materials.Necessity,
    "MaterialForm": materials.Form,
    "MaterialOrigin": materials.Origin,
}
_RULES = {"Is", "All", "Any", "Not"}  # shown as JSON: programs that judge rules read them whole
_ENUMS = {frozenset(get_args(literal)): name for name, literal in _LITERALS.items()}


def components(*structs: type[Struct]) -> dict[str, Any]:
    """Return the schemas of structs and all that they hold, by name."""
    _, made = msgspec.json.schema_components(structs, ref_template=_REFERENCE)
    hidden = {struct.__name__: {camel(name) for name in names} for struct, names in HIDDEN.items()}
    known = {name: _object(schema, hidden.get(name, set())) for name, schema in made.items() if name not in _RULES}
    if "Condition" in known:
        known["Condition"]["properties"]["rule"] = {
            "description": "As in docs/catalogue.md; null: for people to judge."
        }
    enums = {name: {"type": "string", "enum": list(get_args(literal))} for name, literal in _LITERALS.items()}
    return {**known, **enums, **_TEXTS}


_TEXTS = {
    name: {
        "type": "object",
        "description": about,
        "required": ["zh", "en", "translated"],
        "properties": {
            "zh": {"type": "string"},
            "en": {"type": "string", "description": "The Chinese where nobody has translated it."},
            "translated": {"type": "boolean", "description": "Whether `en` is English."},
        },
    }
    for name, about in (("Localized", "A line in both languages."), ("LocalizedProse", "A text in both languages."))
}


def _object(schema: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    """Rename a struct's properties as ``wire`` does, and name the lists of codes that it uses."""
    if "properties" not in schema:
        return schema
    properties = {camel(name): _named(inner) for name, inner in schema["properties"].items()}
    required = [camel(name) for name in schema.get("required", ())]
    kept = {name: inner for name, inner in properties.items() if name not in hidden}
    return {
        "type": "object",
        "description": schema.get("description", ""),
        "properties": kept,
        "required": [name for name in required if name in kept],
    }


def _named(schema: Any) -> Any:
    """Put a reference in place of an enum that has a name; descriptions of limits are for authors, not for readers."""
    if isinstance(schema, list):
        return [_named(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    name = _ENUMS.get(frozenset(schema["enum"])) if "enum" in schema else None
    if name is not None:
        return {"$ref": _REFERENCE.format(name=name)}
    if schema.get("type") == "integer" and "maximum" not in schema:
        schema = schema | {"format": "int32"}  # counts and metres; what may be larger says how large
    dropped = ("title", "default", "description", "minLength", "maxLength", "pattern", "minItems", "maxItems")
    return {key: _named(value) for key, value in schema.items() if key not in dropped}
