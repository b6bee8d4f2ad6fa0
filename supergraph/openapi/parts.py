"""Parts that all dialects write alike: the list of parameters and the table of responses."""

import re
from collections.abc import Callable, Iterator

from supergraph.openapi.document import ApiOperation, Media, Response
from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle
from supergraph.openapi.report import Report

OperationReader = Callable[[str, str, Node, Node], ApiOperation]
"""Method, path, the operation and its path item to the operation."""

_PLACES = {"path", "query", "header", "cookie", "body", "formData"}
_STATUS = re.compile(r"[1-5]([0-9][0-9]|XX)|default")


def merged_parameters(operation: Node, shared: Node, bundle: Bundle, report: Report) -> list[Node]:
    """Return the path item's parameters and the operation's, which take their place where both name one."""
    found: dict[tuple[str, str], Node] = {}
    for holder in (shared, operation):
        for each in holder.items("parameters"):
            node = bundle.resolve(each)
            if node is None:
                report.warning(each, "the parameter is left out", "Correct its $ref.")
                continue
            place, name = node.text("in"), node.text("name")
            if place not in _PLACES or not name:
                fix = "Give it a `name` and `in: path`, `query`, `header` or `cookie`."
                report.warning(each, "the parameter is left out: it has no name or no known place", fix)
                continue
            if (place, name) in found and found[place, name].parent is node.parent:
                report.warning(each, f"the parameter {name!r} stands here twice", "Remove one; the last is used.")
            found[place, name] = node
    return list(found.values())


def read_responses(
    operation: Node, bundle: Bundle, report: Report, media: Callable[[Node], tuple[Media, ...]]
) -> Iterator[Response]:
    """Yield the responses with a known status."""
    for key, each in operation.members("responses"):
        status = "default" if key.lower() == "default" else key.strip().upper()
        if key.startswith("x-"):
            continue
        if not _STATUS.fullmatch(status):
            report.warning(each, f"{key!r} is no status", "Use a status such as 200, 2XX or default.")
            continue
        node = bundle.resolve(each)
        if node is None:  # its content cannot be known: any JSON, and the schema's $ref tells why
            yield Response(node=each, status=status, media=(Media(media_type="application/json", schema=each),))
        else:
            yield Response(
                node=node,
                status=status,
                media=media(node),
                description=node.prose("description"),
                cache_control=_cache_control(node, bundle),
            )


def _cache_control(response: Node, bundle: Bundle) -> str:
    """Return what the document gives as that header's one value, or as an example of it."""
    for name, each in response.members("headers"):
        node = bundle.resolve(each) if name.lower() == "cache-control" else None
        if node is not None:
            schema = node.child("schema") or node
            holders = [node, schema, *(example for _, example in node.members("examples"))]
            keys = ("const", "enum", "default", "example", "x-example", "value")
            found = [holder.get(key) for holder in holders for key in keys if holder.has(key)]
            values = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in found]
            return next((value for value in values if isinstance(value, str)), "")
    return ""
