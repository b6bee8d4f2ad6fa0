"""The catalogue as an API of its own: an OpenAPI document, from which its part of the graph is compiled.

So reading it takes the compiled path of departments' services, without a network in between
(docs/decisions/0053-catalogue-as-a-source.md).
"""

from functools import cache
from typing import Any

import msgspec

from services_catalog.launching.ways import Launch
from services_catalog.reading.answers import (
    Home,
    LifeEvent,
    LifeEventSummary,
    Results,
    Service,
    Suggestions,
    Topic,
)
from services_catalog.reading.schemas import components
from services_catalog.reading.shown import Shown
from services_catalog.search.query import MAX_FIRST
from supergraph.openapi.compile import compile_document
from supergraph.slice import Access, Slice

SERVICE = "catalog"
_TEXT = {"type": "string"}
_REFERENCE = "#/components/schemas/{}"


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name)}


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


_PLACE = [
    _query("district", _TEXT, "The code of the resident's district, town or village: what is for them, and no others."),
    _query("channel", _ref("ChannelKind"), "What can be had this way."),
    _query("host", _ref("Host"), "What can be had in this host app."),
    _query("audience", _ref("Audience"), "What is for these."),
]
_FIRST = _query(
    "first", {"type": "integer", "minimum": 1, "maximum": MAX_FIRST, "default": 20}, f"At most so many, to {MAX_FIRST}."
)
_NEAR = {
    "type": "object",
    "required": ["longitude", "latitude"],
    "properties": {"longitude": {"type": "number"}, "latitude": {"type": "number"}},
}
_SEARCH = [
    _query("text", _TEXT, "Words, pinyin or initials. Left out: everything, the most popular first."),
    *_PLACE,
    _query("topic", _TEXT, "A topic's code."),
    _query("lifeEvent", _TEXT, "A life event's code."),
    _query(
        "level", _ref("EntryLevel"), "Only implementations, or only cases; items are nobody's to use and are not found."
    ),
    _query("near", _NEAR, "Nearest first; WGS84, degrees.", style="deepObject", explode=True),
    _query("open", {"type": "boolean"}, "Only what has a place that is open now."),
    _FIRST,
    _query("after", _TEXT, "The cursor of a hit of the same search: what comes after it."),
    _query("facets", {"type": "boolean"}, "Count what was found by topic, audience, channel, district and authority."),
    _query("reasons", {"type": "boolean"}, "Say why each hit was found."),
]


_LAUNCH = [
    _query("channel", _ref("Host"), "The host app that is to open it.", required=True),
    _query("hostVersion", _TEXT, "The host app's own version, such as 8.0.50: whether it is new enough."),
]
_SERVICES = [
    _query("first", {"type": "integer", "format": "int32", "default": 100}, "At most so many, up to 1000."),
    _query("after", _TEXT, "Those whose names come after this one."),
]


def _get(name: str, summary: str, answer: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    ok = {"description": summary, "content": {"application/json": {"schema": _ref(answer)}}}
    return {"get": {"operationId": name, "summary": summary, "parameters": parameters, "responses": {"200": ok}}}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    code = {"name": "code", "in": "path", "required": True, "schema": _TEXT}
    name = code | {"name": "name"}
    typed = _query("text", _TEXT, "What has been typed so far.", required=True)
    return {
        "openapi": "3.1.0",
        "info": {"title": "What departments offer", "version": "1"},
        "paths": {
            "/entries/{code}": _get("entry", "One public entry, null if there is none of this code.", "Entry", [code]),
            "/launches/{code}": _get(
                "launch",
                "What a host app needs to open an entry, and what is left if it cannot; null if there is none.",
                "Launch",
                [code, *_LAUNCH],
            ),
            "/search": _get("search", "Find public entries.", "Results", _SEARCH),
            "/suggest": _get("suggest", "Complete what is being typed.", "Suggestions", [typed, *_PLACE[:1], _FIRST]),
            "/services": _get("services", "The live services of the graph, by name.", "Services", _SERVICES),
            "/services/{name}": _get("service", "One live service, null if there is none.", "Service", [name]),
            "/topics": _get("topics", "The city's topics, by code.", "Topics", []),
            "/life-events": _get("lifeEvents", "Life events, by code.", "LifeEvents", [_PLACE[0], _PLACE[3]]),
            "/life-events/{code}": _get(
                "lifeEvent",
                "One life event: what it takes, for whom lives in this district; null if there is none.",
                "LifeEvent",
                [code, _PLACE[0]],
            ),
            "/home": _get("home", "What a front page shows.", "Home", [*_PLACE, _FIRST]),
        },
        "components": {"schemas": _schemas()},
    }


def _schemas() -> dict[str, Any]:
    made = components(Launch, Shown, Results, Suggestions, Home, Service, Topic, LifeEvent, LifeEventSummary)
    lists = {"Services": "Service", "Topics": "Topic", "LifeEvents": "LifeEventSummary"}
    made |= {name: {"type": "array", "items": _ref(one)} for name, one in lists.items()}
    text = msgspec.json.encode(made).decode().replace('schemas/Shown"', 'schemas/Entry"')
    renamed: dict[str, Any] = msgspec.json.decode(text)
    renamed["Entry"] = renamed.pop("Shown")
    return renamed


@cache
def source() -> Slice:
    """Return the catalogue's slice: compiled once a process, in some milliseconds."""
    data = msgspec.json.encode(document())
    compiled = compile_document("catalog.json", lambda _: data, service=SERVICE, access=Access("public"))
    if compiled.slice is None or compiled.findings:
        raise RuntimeError(f"the catalogue's own document has defects: {compiled.findings}")
    return compiled.slice
