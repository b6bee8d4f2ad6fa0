"""A root field's request, prepared once: what is fixed is joined, what varies is a short list of writers."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from supergraph.inputs import as_map
from supergraph.requests import styles
from supergraph.requests.bodies import Write, writer
from supergraph.requests.errors import ArgumentError
from supergraph.slice import Argument, Binding, Operation, Type
from supergraph.wire import TRANSPORT_HEADERS, Request

Arguments = Mapping[str, Any]
Send = Callable[[Any], Any]

_FIXED_HEADERS = TRANSPORT_HEADERS | {"content-type"}  # the body's


class RequestTemplate:
    """Renders the request of one operation from its coerced arguments."""

    def __init__(self, operation: Operation, types: Mapping[str, Type]) -> None:
        binding = operation.binding
        self._method = binding.method
        self._maps = {item.name: convert for item in operation.arguments if (convert := as_map(item.type, types))}
        self._path = _path_parts(operation)
        by_place = {
            place: [item for item in operation.arguments if item.place == place]
            for place in ("query", "header", "cookie", "body")
        }
        self._query = by_place["query"]
        self._headers = [item for item in by_place["header"] if item.source.lower() not in _FIXED_HEADERS]
        self._cookies = by_place["cookie"]
        self._body: tuple[Argument, Write] | None = None
        if by_place["body"]:
            body = by_place["body"][0]
            self._body = (body, writer(binding.body, body.type, types))
        self._fixed_query = [f"{quote(name, '')}={quote(value, '')}" for name, value in _fixed(binding, "query")]
        self._fixed_cookies = [f"{name}={quote(value, '')}" for name, value in _fixed(binding, "cookie")]
        self._fixed_headers = (
            *((("accept", binding.accept),) if binding.accept else ()),
            *((name.lower(), value) for name, value in _fixed(binding, "header") if name.lower() not in _FIXED_HEADERS),
        )

    def render(self, arguments: Arguments) -> Request:
        """Return the request. Raises ArgumentError for a value that cannot stand in its place."""
        if self._maps:
            arguments = {name: self._maps.get(name, _same)(value) for name, value in arguments.items()}
        target = self._target(arguments)
        headers = self._fixed_headers
        if self._headers or self._cookies or self._fixed_cookies:
            headers = (*headers, *self._varying_headers(arguments))
        if self._body is None:
            return Request(self._method, target, headers)
        argument, write = self._body
        value = arguments.get(argument.name)
        if value is None:
            return Request(self._method, target, headers)
        media_type, content = write(value)
        return Request(self._method, target, (*headers, ("content-type", media_type)), content)

    def _target(self, arguments: Arguments) -> str:
        target = "".join([part if isinstance(part, str) else _segment(part, arguments) for part in self._path])
        if "." in target and len(self._path) > 1:
            _check_segments(target)
        if not (self._query or self._fixed_query):
            return target
        parts = list(self._fixed_query)
        for argument in self._query:
            value = arguments.get(argument.name)
            if value is not None and (part := styles.query(argument, value)):
                parts.append(part)
        return f"{target}{'&' if '?' in target else '?'}{'&'.join(parts)}" if parts else target

    def _varying_headers(self, arguments: Arguments) -> list[tuple[str, str]]:
        headers = [
            (argument.source.lower(), _clean(argument, styles.header(argument, value)))
            for argument in self._headers
            if (value := arguments.get(argument.name)) is not None
        ]
        cookies = list(self._fixed_cookies)
        for argument in self._cookies:
            value = arguments.get(argument.name)
            if value is not None:
                cookies.append(styles.query(argument, value).replace("&", "; "))
        if cookies:
            headers.append(("cookie", "; ".join(cookies)))
        return headers


def _same(value: Any) -> Any:
    return value


def _fixed(binding: Binding, place: str) -> list[tuple[str, str]]:
    return [(name, value) for where, name, value in binding.constants if where == place]


def _path_parts(operation: Operation) -> list[str | Argument]:
    """Split the path template at its parameters; names without an argument stay as they are, encoded."""
    by_source = {item.source: item for item in operation.arguments if item.place == "path"}
    fixed = dict(_fixed(operation.binding, "path"))
    parts: list[str | Argument] = []
    rest = operation.binding.path
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, _, rest = rest.partition("}")
        parts.append(quote(before, "/?=&:@!$'()*+,;%~"))
        parts.append(by_source.get(name) or quote(fixed.get(name, f"{{{name}}}"), ""))
    parts.append(quote(rest, "/?=&:@!$'()*+,;%~"))
    joined: list[str | Argument] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part:
            joined.append(part)
    return joined


def _segment(argument: Argument, arguments: Arguments) -> str:
    segment = styles.path(argument, arguments.get(argument.name))
    if not segment:
        raise ArgumentError(
            f"Argument '{argument.name}' is a part of the path and cannot be empty", fix="Send a value for it."
        )
    return segment


def _check_segments(target: str) -> None:
    """Refuse a path that a server might resolve to another one (RFC 3986 section 5.2.4), also once decoded."""
    path = target.partition("?")[0]
    if any(segment in (".", "..") for segment in re.split(r"[/\\]", unquote(path))):
        raise ArgumentError(
            "The arguments that are parts of the path give it a segment '.' or '..'",
            fix="Send other values for them.",
        )


def _clean(argument: Argument, value: str) -> str:
    if not value.isprintable():
        raise ArgumentError(
            f"Argument '{argument.name}' is sent as a header and cannot hold control characters",
            fix="Remove line breaks and other control characters.",
        )
    return value if value.isascii() else quote(value, " " + "".join(map(chr, range(33, 127))))
