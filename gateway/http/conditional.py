"""Answers that a client need not be sent again (RFC 9110 section 13)."""

from typing import Any

from litestar import Request


def is_known(request: Request[Any, Any, Any], etag: str) -> bool:
    """Whether the client has this version already (RFC 9110 section 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    return any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in given.split(","))
