"""Swagger 2.0: the operations' parts, in the terms of OpenAPI 3.

A parameter that is not in the body is its own schema. Form parameters become one object, as in OpenAPI 3.
"""

from collections.abc import Iterator
from typing import Any, cast

from supergraph.openapi.document import ApiOperation, Body, Media, Parameter, Place, Style
from supergraph.openapi.node import Node
from supergraph.openapi.parts import OperationReader, merged_parameters, read_responses
from supergraph.openapi.refs import Bundle
from supergraph.openapi.report import Report

_LIST_STYLES: dict[str, Style] = {"ssv": "spaceDelimited", "tsv": "tsv", "pipes": "pipeDelimited"}
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def components(root: Node) -> Iterator[Node]:
    """Yield the named schemas."""
    yield from (node for _, node in root.members("definitions"))


def server(root: Node) -> str:
    """Return the URL of host and basePath, https first; only the path if there is no host."""
    base = root.text("basePath").strip().rstrip("/")
    host = root.text("host").strip().rstrip("/")
    if not host:
        return base
    schemes = root.texts("schemes")
    scheme = "https" if "https" in schemes or not schemes else schemes[0]
    return f"{scheme}://{host}{base}"


def reader(root: Node, bundle: Bundle, report: Report) -> OperationReader:
    """Return the function that reads one operation."""

    def read(method: str, path: str, node: Node, shared: Node) -> ApiOperation:
        found = merged_parameters(node, shared, bundle, report)
        produces = _media_types(node, root, "produces")
        return ApiOperation(
            method=method,
            path=path,
            node=node,
            id=node.text("operationId").strip(),
            summary=node.prose("summary"),
            description=node.prose("description"),
            deprecated=node.is_true("deprecated"),
            parameters=tuple(_parameter(each) for each in found if each.get("in") in {"path", "query", "header"}),
            body=_body(node, found, _media_types(node, root, "consumes")),
            responses=tuple(read_responses(node, bundle, report, lambda response: _content(response, produces))),
        )

    return read


def _media_types(operation: Node, root: Node, key: str) -> list[str]:
    found = operation.texts(key) if operation.has(key) else root.texts(key)
    return [name.partition(";")[0].strip().lower() for name in found]


def list_style(node: Node, *, place: str) -> tuple[Style, bool]:
    """Return style and explode for ``collectionFormat``."""
    written = node.text("collectionFormat")
    if written == "multi":
        return "form", True
    return _LIST_STYLES.get(written, "form" if place in {"query", "formData"} else "simple"), False


def _parameter(node: Node) -> Parameter:
    place = cast("Place", node.get("in"))
    style, explode = list_style(node, place=place)
    schema = node.child("schema")
    return Parameter(
        name=node.text("name"),
        place=place,
        node=node,
        schema=node if schema is None else schema,
        required=place == "path" or node.is_true("required"),
        style=style,
        explode=explode,
        description=node.prose("description"),
        deprecated=node.is_true("deprecated"),
        examples=tuple(node.get(key) for key in ("x-example", "example") if node.has(key)),
    )


def _body(operation: Node, parameters: list[Node], consumes: list[str]) -> Body | None:
    fields = [node for node in parameters if node.get("in") == "formData"]
    if fields:
        return _form(operation, fields, consumes)
    for node in parameters:
        if node.get("in") == "body":
            media = tuple(
                Media(media_type=name, schema=node.child("schema")) for name in consumes or ["application/json"]
            )
            description = node.prose("description")
            return Body(node=node, required=node.is_true("required"), media=media, description=description)
    return None


def _form(operation: Node, fields: list[Node], consumes: list[str]) -> Body:
    has_file = any(node.get("type") == "file" for node in fields)
    media_type = next((name for name in consumes if name in _FORMS), _FORMS[0] if has_file else _FORMS[1])
    if has_file:
        media_type = _FORMS[0]
    holder = operation.child("parameters") or fields[0].parent or operation
    children = {node.text("name"): node for node in fields}
    properties = Node.gather({name: node.value for name, node in children.items()}, children, holder)
    required = [name for name, node in children.items() if node.is_true("required")]
    value = {"type": "object", "properties": properties.value, "required": required}
    schema = Node.gather(value, {"properties": properties}, holder)
    encoding = {name: _encoding(node) for name, node in children.items()}
    media = Media(media_type=media_type, schema=schema, encoding=Node(encoding, file=holder.file))
    return Body(node=holder, required=bool(required), media=(media,))


def _encoding(node: Node) -> dict[str, Any]:
    style, explode = list_style(node, place="formData")
    return {"style": style, "explode": explode}


def _content(response: Node, produces: list[str]) -> tuple[Media, ...]:
    schema = response.child("schema")
    if schema is None:
        return ()
    examples = response.child("examples")
    if schema.get("type") == "file":
        produces = produces or ["application/octet-stream"]
    return tuple(
        Media(media_type=name, schema=schema, examples=_example(examples, name))
        for name in produces or ["application/json"]
    )


def _example(examples: Node | None, media_type: str) -> tuple[Any, ...]:
    return (examples.get(media_type),) if examples is not None and examples.has(media_type) else ()
