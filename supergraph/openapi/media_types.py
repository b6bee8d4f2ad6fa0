"""Media types by what can be done with them."""

from typing import Literal

Form = Literal["json", "text", "xml", "binary"]

_TEXTS = (
    "application/x-ndjson",
    "application/yaml",
    "application/x-yaml",
    "application/csv",
    "application/javascript",
    "application/graphql",
    "application/sql",
    "application/jwt",
    "application/jose",
    "application/x-www-form-urlencoded",
)
WILDCARDS = ("", "*", "*/*", "application/*", "json")


def form(media_type: str) -> Form:
    """Say how a body of this type is read."""
    if media_type in WILDCARDS or media_type.endswith(("/json", "+json")):
        return "json"
    if media_type.endswith(("/xml", "+xml")):
        return "xml"
    if media_type.startswith("text/") or media_type in _TEXTS or media_type.endswith(("+yaml", "json-seq")):
        return "text"
    return "binary"


def asked(media_type: str) -> str:
    """Return the type to ask for, or to send as: a concrete one in place of a wildcard."""
    return "application/json" if media_type in WILDCARDS else media_type
