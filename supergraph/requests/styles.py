"""How a parameter's value is written: the styles of OpenAPI 3.1 section 4.8.12.2 (RFC 6570), and Swagger 2.0's tsv.

All functions give percent-encoded ASCII; ``quote`` keeps RFC 3986's unreserved characters only.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from supergraph.slice import Argument

_RESERVED = (
    ":/?@!$'()*,;="  # RFC 3986 section 2.2, without what would end the value: # & + and what queries may not hold: [ ]
)


def text(value: Any) -> str:
    """Return a scalar as it stands in a URL, header or form: true, 5, 2.5, the string itself, JSON for the rest."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool | dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def encoded(value: Any, safe: str = "") -> str:
    """Return a scalar percent-encoded."""
    return quote(text(value), safe)


_DELIMITERS = {
    "form": ",",
    "simple": ",",
    "spaceDelimited": "%20",
    "pipeDelimited": "%7C",
    "tsv": "%09",
}


def query(argument: Argument, value: Any) -> str:
    """Return the query string's part for one argument: ``a=1``, ``a=1&a=2``, ``a=1,2``, ``a[b]=1`` ..."""
    return "&".join(f"{name}={item}" for name, item in _pairs(argument, value))


def _pairs(argument: Argument, value: Any) -> Iterator[tuple[str, str]]:
    safe = _RESERVED if argument.allow_reserved else ""
    name = quote(argument.source, "")
    if argument.style == "json":
        yield name, quote(msgspec.json.encode(value), safe)
    elif isinstance(value, dict):
        yield from _object_pairs(argument, name, value, safe)
    elif isinstance(value, list):
        yield from _list_pairs(argument, name, value, safe)
    else:
        yield name, encoded(value, safe)


def _object_pairs(argument: Argument, name: str, value: dict[str, Any], safe: str) -> Iterator[tuple[str, str]]:
    if argument.style == "deepObject":
        yield from _deep(name, value, safe)
    elif argument.explode:
        for key, item in value.items():
            for one in item if isinstance(item, list) else [item]:
                yield quote(key, ""), encoded(one, safe)
    else:
        delimiter = _DELIMITERS.get(argument.style, ",")
        yield name, delimiter.join(f"{quote(key, '')}{delimiter}{encoded(item, safe)}" for key, item in value.items())


def _deep(name: str, value: Any, safe: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _deep(f"{name}%5B{quote(key, '')}%5D", item, safe)
    elif isinstance(value, list):
        for item in value:
            yield name, encoded(item, safe)
    else:
        yield name, encoded(value, safe)


def _list_pairs(argument: Argument, name: str, value: list[Any], safe: str) -> Iterator[tuple[str, str]]:
    if argument.explode or argument.style == "deepObject":
        for item in value:
            yield name, encoded(item, safe)
    elif value:
        yield name, _DELIMITERS.get(argument.style, ",").join(encoded(item, safe) for item in value)


def path(argument: Argument, value: Any) -> str:
    """Return a path segment: simple, label (``.1``) or matrix (``;a=1``)."""
    if argument.style == "json":
        return quote(msgspec.json.encode(value), "")
    if argument.style == "matrix":
        return _matrix(argument, value)
    separator = "." if argument.style == "label" and argument.explode else _DELIMITERS.get(argument.style, ",")
    prefix = "." if argument.style == "label" else ""
    return prefix + _joined(value, separator, explode=argument.explode)


def _joined(value: Any, separator: str, *, explode: bool) -> str:
    if isinstance(value, list):
        return separator.join(encoded(item) for item in value)
    if isinstance(value, dict):
        between = "=" if explode else separator
        return separator.join(f"{quote(key, '')}{between}{encoded(item)}" for key, item in value.items())
    return encoded(value)


def _matrix(argument: Argument, value: Any) -> str:
    name = quote(argument.source, "")
    if isinstance(value, dict) and argument.explode:
        return "".join(f";{quote(key, '')}={encoded(item)}" for key, item in value.items())
    if isinstance(value, list) and argument.explode:
        return "".join(f";{name}={encoded(item)}" for item in value)
    joined = _joined(value, ",", explode=False)
    return f";{name}={joined}" if joined else f";{name}"


def header(argument: Argument, value: Any) -> str:
    """Return a header's value; lists and objects in the simple style, not percent-encoded."""
    if argument.style == "json":
        return msgspec.json.encode(value).decode()
    if isinstance(value, list):
        return ",".join(text(item) for item in value)
    if isinstance(value, dict):
        between = "=" if argument.explode else ","
        return ",".join(f"{key}{between}{text(item)}" for key, item in value.items())
    return text(value)
