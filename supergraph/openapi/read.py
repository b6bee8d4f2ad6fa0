"""The loading half: a document in any dialect to its operations. Pure; the files come from the caller's function."""

import re
from collections.abc import Iterator
from typing import Literal

from supergraph.openapi import openapi3, swagger2
from supergraph.openapi.document import ApiOperation, Document
from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle, Read
from supergraph.openapi.report import Report

Dialect = Literal["2.0", "3.0", "3.1"]
METHODS = frozenset({"get", "put", "post", "delete", "patch"})
"""The methods that become fields; HEAD, OPTIONS and TRACE have no content to select from."""


def read_document(name: str, read: Read, report: Report) -> Document | None:
    """Read the document whose entry file is ``name``; None, with an error in ``report``, if it is none."""
    bundle = Bundle(name, read, report)
    root = bundle.entry()
    dialect = None if root is None else _dialect(root, report)
    if root is None or dialect is None:
        return None
    module = swagger2 if dialect == "2.0" else openapi3
    operation = module.reader(root, bundle, report)
    operations: list[ApiOperation] = []
    offered = 0
    for path, method, node, shared in _operations(root, bundle, report):
        offered += 1
        if not isinstance(node.value, dict):
            report.error(node, "the operation is no mapping", "Give it responses, or remove it.")
            continue
        operations.append(operation(method.upper(), path, node, shared))
    if not offered:
        report.warning(root, "the document offers no operations", "Add paths with GET, PUT, POST, PATCH or DELETE.")
    info = root.child("info")
    return Document(
        dialect=dialect,
        bundle=bundle,
        root=root,
        title=info.prose("title") if info else "",
        description=info.prose("description") if info else "",
        version=str(info.get("version") or "") if info else "",
        server=module.server(root),
        operations=tuple(operations),
        offered=offered,
        components=tuple(module.components(root)),
    )


def _template(path: str) -> str:
    """Return the path with a slash before it and its parameters' names alone: ``{id:[0-9]+}`` is a framework's."""
    return "/" + re.sub(r"\{\s*([^{}:\s]+)\s*(?::[^{}]*)?\}", r"{\1}", path.removeprefix("/"))


def _dialect(root: Node, report: Report) -> Dialect | None:
    if not isinstance(root.value, dict):
        report.error(root, "the file holds no mapping", "Give an OpenAPI 3 or Swagger 2.0 document.")
        return None
    for key in ("openapi", "swagger"):
        version = str(root.get(key) or "").strip()
        if version.startswith("2"):
            return "2.0"
        if version.startswith("3"):
            return "3.0" if re.match(r"3(\.0|$)", version) else "3.1"
        if version:
            report.error(f"/{key}", f"version {version!r} is not known", "Use OpenAPI 3.0, 3.1 or Swagger 2.0.")
            return None
    if not isinstance(root.get("paths"), dict):
        fix = 'Begin the document with `openapi: "3.1.0"` and put its operations under `paths`.'
        report.error(root, "this is no API document: it has neither a version nor paths", fix)
        return None
    guess: Dialect = "3.0" if root.has("components") or root.has("servers") else "2.0"
    report.warning(root, f"the document does not say its version; read as {guess}", "Add `openapi` or `swagger`.")
    return guess


def _operations(root: Node, bundle: Bundle, report: Report) -> Iterator[tuple[str, str, Node, Node]]:
    """Yield (path, method, operation, path item)."""
    paths = root.child("paths")
    if paths is not None and not isinstance(paths.value, dict):
        report.error(paths, "`paths` is no mapping", "Map each path to its operations.")
    for path, item in root.members("paths"):
        if path.startswith("x-"):
            continue
        resolved = bundle.resolve(item)
        if resolved is None:
            report.error(item, "the path's operations cannot be found", "Correct its $ref.")
            continue
        if not isinstance(resolved.value, dict):
            report.warning(item, "the path holds no operations", "Map methods to operations, or remove the path.")
        if not path.startswith("/"):
            report.warning(item, f"the path {path!r} does not begin with a slash", f"Write {'/' + path!r}.")
        for method, node in resolved.members():
            if method.lower() in METHODS:
                target = bundle.resolve(node)
                yield _template(path), method.lower(), node if target is None else target, resolved
