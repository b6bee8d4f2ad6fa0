"""OpenAPI 3.0 and 3.1: the operations' parts."""

from collections.abc import Iterator
from typing import Any, cast, get_args

from supergraph.openapi.document import ApiOperation, Body, Media, Parameter, Place, Style
from supergraph.openapi.node import Node
from supergraph.openapi.parts import OperationReader, merged_parameters, read_responses
from supergraph.openapi.refs import Bundle
from supergraph.openapi.report import Report

_DEFAULT_STYLES: dict[Place, Style] = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


def components(root: Node) -> Iterator[Node]:
    """Yield the named schemas."""
    holder = root.child("components")
    if holder is not None:
        yield from (node for _, node in holder.members("schemas"))


def server(root: Node) -> str:
    """Return the first server's URL with its variables' defaults."""
    first = next(root.items("servers"), None)
    if first is None:
        return ""
    url = first.text("url").strip()
    for name, variable in first.members("variables"):
        url = url.replace(f"{{{name}}}", str(variable.get("default") or ""))
    return url.rstrip("/")


def reader(root: Node, bundle: Bundle, report: Report) -> OperationReader:  # noqa: ARG001 # the same for all dialects
    """Return the function that reads one operation."""

    def read(method: str, path: str, node: Node, shared: Node) -> ApiOperation:
        found = merged_parameters(node, shared, bundle, report)
        return ApiOperation(
            method=method,
            path=path,
            node=node,
            id=node.text("operationId").strip(),
            summary=node.prose("summary") or shared.prose("summary"),
            description=node.prose("description") or shared.prose("description"),
            deprecated=node.is_true("deprecated"),
            parameters=tuple(_parameter(each, bundle) for each in found if each.get("in") in _DEFAULT_STYLES),
            body=_body(node, bundle),
            responses=tuple(read_responses(node, bundle, report, lambda response: _media(response, bundle))),
        )

    return read


def _parameter(node: Node, bundle: Bundle) -> Parameter:
    place = cast("Place", node.get("in"))
    schema, style = node.child("schema"), node.text("style")
    contents = _media(node, bundle)
    if style not in get_args(Style) or style in {"json", "tsv"}:
        style = _DEFAULT_STYLES[place]
    if schema is None and contents:
        schema = contents[0].schema
        style = "json" if "json" in contents[0].media_type else style
    explode = node.get("explode")
    return Parameter(
        name=node.text("name"),
        place=place,
        node=node,
        schema=schema,
        required=place == "path" or node.is_true("required"),
        style=cast("Style", style),
        explode=explode if isinstance(explode, bool) else style == "form",
        allow_reserved=node.is_true("allowReserved"),
        description=node.prose("description"),
        deprecated=node.is_true("deprecated"),
        examples=_examples(node, bundle) or (contents[0].examples if contents else ()),
    )


def _body(operation: Node, bundle: Bundle) -> Body | None:
    holder = operation.child("requestBody")
    node = None if holder is None else bundle.resolve(holder)
    if node is None or not (media := _media(node, bundle)):
        return None
    description = node.prose("description")
    return Body(node=node, required=node.is_true("required"), media=media, description=description)


def _media(holder: Node, bundle: Bundle) -> tuple[Media, ...]:
    """Read a ``content`` mapping."""
    return tuple(
        Media(
            media_type=name.partition(";")[0].strip().lower(),
            schema=node.child("schema"),
            encoding=node.child("encoding"),
            examples=_examples(node, bundle),
        )
        for name, node in holder.members("content")
    )


def _examples(node: Node, bundle: Bundle) -> tuple[Any, ...]:
    found = [node.get("example")] if node.has("example") else []
    for _, each in node.members("examples"):
        target = bundle.resolve(each)
        if target is not None and target.has("value"):
            found.append(target.get("value"))
    return tuple(found)
