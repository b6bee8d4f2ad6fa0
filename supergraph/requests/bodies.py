"""How a body argument is written: JSON, urlencoded forms, multipart forms (RFC 7578), text, bytes."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

import msgspec

from supergraph.requests.errors import ArgumentError
from supergraph.requests.styles import query, text
from supergraph.slice import Argument, InputField, InputType, Type, named

Write = Callable[[Any], tuple[str, bytes]]
"""From a coerced value to the content type and the body."""

_json = msgspec.json.Encoder().encode


def writer(media_type: str, reference: str, types: Mapping[str, Type]) -> Write:
    """Return the function that writes a body of ``media_type`` for an argument of type ``reference``."""
    kind = media_type.partition(";")[0].strip().lower()
    type_ = types.get(named(reference))
    fields = {item.source: item for item in type_.fields} if isinstance(type_, InputType) else {}
    if kind == "application/x-www-form-urlencoded":
        return lambda value: (kind, _urlencoded(value, fields))
    if kind.startswith("multipart/"):
        return lambda value: _multipart(kind, value, fields)
    if kind.endswith("json"):
        return lambda value: (media_type, _json(value))
    if reference.rstrip("!") == "Base64":
        return lambda value: (_certain(media_type, "application/octet-stream"), decoded(value))
    if kind in ("", "*/*", "application/*"):
        return lambda value: ("application/json", _json(value))
    return lambda value: (_certain(media_type, "text/plain"), text(value).encode())


def _certain(media_type: str, default: str) -> str:
    """Return the first of the media types that are allowed, ``default`` for a range such as ``image/*``."""
    first = media_type.partition(",")[0].strip()
    return default if not first or "*" in first else first


def decoded(value: str) -> bytes:
    """Return the bytes of a Base64 argument. Raises ArgumentError."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArgumentError(
            "A Base64 argument is not base64",
            fix="Send the bytes as RFC 4648 section 4 base64, with padding.",
        ) from error


def _urlencoded(value: Any, fields: Mapping[str, InputField]) -> bytes:
    if not isinstance(value, dict):
        return text(value).encode()
    parts = []
    for name, item in value.items():
        if item is None:
            continue
        field = fields.get(name)
        style: Any = field.style if field else "form"
        explode = field.explode if field else True
        argument = Argument(name=name, source=name, type="", place="query", style=style, explode=explode)
        if isinstance(item, dict) and style != "deepObject":
            parts.append(f"{quote_plus(name)}={quote_plus(text(item))}")
        else:
            parts.append(query(argument, item))
    return "&".join(part for part in parts if part).encode()


def _multipart(kind: str, value: Any, fields: Mapping[str, InputField]) -> tuple[str, bytes]:
    parts = [
        _part(name, one, fields.get(name))
        for name, item in (value.items() if isinstance(value, dict) else ())
        for one in (item if isinstance(item, list) else [item])
        if one is not None
    ]
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()  # cannot stand in what it is the digest of
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return f"{kind}; boundary={boundary}", body + b"--%s--\r\n" % boundary.encode()


def _part(name: str, value: Any, field: InputField | None) -> bytes:
    """Return one part; Base64 fields are files, named after their field because GraphQL gives no file name."""
    media_type = field.media_type if field else ""
    disposition = f'form-data; name="{_quoted(name)}"'
    if field is not None and named(field.type) == "Base64":
        content = decoded(value)
        disposition += f'; filename="{_quoted(name)}"'
        media_type = _certain(media_type, "application/octet-stream")
    elif isinstance(value, dict):
        content, media_type = _json(value), media_type or "application/json"
    else:
        content = text(value).encode()
    head = f"content-disposition: {disposition}\r\n"
    if media_type:
        head += f"content-type: {_certain(media_type, 'text/plain')}\r\n"
    return head.encode() + b"\r\n" + content


def _quoted(name: str) -> str:
    """Escape a part's name as browsers do (WHATWG HTML, multipart/form-data encoding)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
