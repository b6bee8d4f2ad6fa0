"""An entry as front ends read it: JSON with the graph's names, every text with a fallback, nothing internal."""

from datetime import date
from typing import Any

import msgspec
from msgspec import Struct, UnsetType

from services_catalog.entries.bindings import BoundOperation
from services_catalog.entries.words import Localized, LocalizedProse, said_in
from services_catalog.reading.shown import Shown

HIDDEN: dict[type[Struct], frozenset[str]] = {
    # Who answers for the text, within the administration; and steps are read as a life event's.
    Shown: frozenset({"owner_contact", "steps"}),
    BoundOperation: frozenset({"probe", "safe", "slow_after_ms"}),  # how it is tested
}


def camel(name: str) -> str:
    """Return a field's name as the graph writes it: ``on_site_visits`` → ``onSiteVisits``."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def encode(shown: Shown) -> bytes:
    """Return the JSON that gateways keep and cut to what is selected."""
    return msgspec.json.encode(plain(shown))


def plain(value: Any) -> Any:
    """Return a value of the catalogue's structs as JSON's own values."""
    if isinstance(value, Localized | LocalizedProse):
        said = said_in("en", value)
        return {"zh": value.zh, "en": said.text, "translated": said.language == "en"}
    if isinstance(value, Struct):
        return _object(value)
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return value


def _object(value: Struct) -> dict[str, Any]:
    hidden = HIDDEN.get(type(value), frozenset())
    said = {name: getattr(value, name) for name in value.__struct_fields__ if name not in hidden}
    shown = {camel(name): plain(each) for name, each in said.items() if not isinstance(each, UnsetType)}
    if value.__struct_config__.tag is not None:
        shown[str(value.__struct_config__.tag_field)] = value.__struct_config__.tag
    return shown
