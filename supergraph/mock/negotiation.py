"""Which documented answer a request gets: by its ``Prefer`` (RFC 7240) and ``Accept`` headers."""

import re
from typing import Any

from supergraph.openapi import media_types
from supergraph.openapi.document import ApiOperation, Media, Response
from supergraph.openapi.refs import Bundle

_RANK = {"json": 0, "text": 1, "xml": 2, "binary": 3}


def preferences(header: str) -> dict[str, str]:
    """Read a Prefer header: ``code=404, example="full lot"``."""
    found = (part.partition("=") for part in re.split(r"[,;]", header))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in found if name.strip()}


def success(operation: ApiOperation) -> tuple[int, Response | None]:
    """Return the status and answer of success, None if the document describes none."""
    found = sorted((each for each in operation.responses if each.status.startswith("2")), key=lambda each: each.status)
    found = found or [each for each in operation.responses if each.status == "default"]
    if not found:
        return 200, None
    chosen = next((each for each in found if each.media), found[0])
    return (int(chosen.status) if chosen.status.isdecimal() else 200 if chosen.media else 204), chosen


def asked_for(operation: ApiOperation, code: str) -> tuple[int, Response] | None:
    """Return the answer that documents a status, None if none does."""
    if not re.fullmatch("[1-5][0-9][0-9]", code):
        return None
    by_status = {each.status: each for each in operation.responses}
    found = by_status.get(code) or by_status.get(f"{code[0]}XX") or by_status.get("default")
    return None if found is None else (int(code), found)


def acceptable(media: tuple[Media, ...], accept: str) -> Media:
    """Return the media type that the client names first, else JSON before text, XML and bytes."""
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for name in wanted:
        for each in media:
            if name and name != "*/*" and name in {each.media_type, media_types.asked(each.media_type)}:
                return each
    return min(media, key=lambda each: (_RANK[media_types.form(each.media_type)], each.schema is None))


def named_example(response: Response, media: Media, name: str, bundle: Bundle) -> tuple[bool, Any]:
    """Return whether there is an example of that name (OpenAPI 3.1 section 4.8.14), and its value."""
    content = response.node.child("content")
    for key, node in content.members() if content is not None else ():
        examples = node.child("examples")
        if key.partition(";")[0].strip().lower() == media.media_type and examples is not None:
            found = examples.child(name)
            target = None if found is None else bundle.resolve(found)
            if target is not None and target.has("value"):
                return True, target.get("value")
    return False, None
