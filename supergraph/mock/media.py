"""A generated value as the body of an answer: JSON, text, XML or bytes, as the gateway reads the media type."""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

from supergraph.mock.json_types import Definitions, types_of
from supergraph.openapi import media_types
from supergraph.openapi.document import Media
from supergraph.openapi.media_types import Form


def form_of(media: Media, schema: dict[str, Any], definitions: Definitions) -> Form:
    """Say in which form an answer is sent; as `supergraph.openapi.answers` reads it."""
    parts = definitions.parts([schema])
    form = media_types.form(media.media_type)
    if media.schema is not None and media.schema.get("type") == "file":
        return "binary"
    allowed = frozenset[str]().union(*(types_of(part) for part in parts if "type" in part))
    if media.media_type in media_types.WILDCARDS and allowed == {"string"}:
        return "binary" if any(part.get("format") == "binary" for part in parts) else "text"
    if form == "binary" and (allowed & {"object", "array"} or any("properties" in part for part in parts)):
        return "json"
    return form


def written(value: Any, form: Form, root: str) -> bytes:
    """Return the body's bytes."""
    if form == "json":
        return msgspec.json.encode(value)
    if form == "xml" and not isinstance(value, str):
        return ('<?xml version="1.0" encoding="UTF-8"?>' + "".join(_elements(root, value))).encode()
    return value.encode() if isinstance(value, str) else msgspec.json.encode(value)


def _elements(name: str, value: Any) -> Iterator[str]:
    tag = name if name.isidentifier() else "item"
    label = "" if tag == name else f" name={quoteattr(name)}"
    if isinstance(value, list):
        for item in value:
            yield from _elements(name, item)
    elif isinstance(value, dict):
        yield f"<{tag}{label}>"
        for key, item in value.items():
            yield from _elements(key, item)
        yield f"</{tag}>"
    else:
        text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
        yield f"<{tag}{label}>{escape(text)}</{tag}>"
