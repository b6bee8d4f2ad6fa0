"""Harmless defects of a document that its department should still know of."""

import difflib
from collections import defaultdict

from supergraph.openapi.document import ApiOperation, Document
from supergraph.openapi.node import Node
from supergraph.openapi.report import Report

_INFO_KEYS = {"title", "summary", "description", "termsOfService", "contact", "license", "version"}
_OPERATION_KEYS = {
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "consumes",
    "produces",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "schemes",
    "deprecated",
    "security",
    "servers",
}


def report_defects(document: Document, report: Report) -> None:
    """Add a warning for each."""
    info = document.root.child("info")
    if info is None or not document.title:
        report.warning(document.root if info is None else info, "the document has no title", "Give `info` a `title`.")
    elif not isinstance(info.get("version"), str):
        report.warning(info, "`version` is no text", "Put the version in quotes.")
    if info is not None:
        _report_unknown_keys(info, _INFO_KEYS, report)
    _report_shared_ids(document, report)
    for operation in document.operations:
        _report_unknown_keys(operation.node, _OPERATION_KEYS, report)
        _report_content(operation, report)
        if operation.node.has("servers") or (
            operation.node.parent is not None and operation.node.parent.has("servers")
        ):
            message = "servers of single operations are not used"
            report.warning(operation.node, message, "Publish what another server offers as a service of its own.")
        for parameter in operation.parameters:
            if parameter.place == "path" and not parameter.node.is_true("required"):
                message = f"the path parameter {parameter.name!r} is not marked as required"
                report.warning(parameter.node, message, "Add `required: true`; a path has no optional parts.")


def _report_unknown_keys(node: Node, known: set[str], report: Report) -> None:
    for key, child in node.members():
        if key not in known and not key.startswith("x-"):
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"Did you mean `{near[0]}`?" if near else "Remove it, or begin it with `x-`."
            report.warning(child, f"the key {key!r} has no meaning here", fix)


def _report_content(operation: ApiOperation, report: Report) -> None:
    body = operation.body
    holders = [each.node for each in operation.responses] + ([body.node] if body is not None else [])
    for holder in holders:
        for name, media in holder.members("content"):
            if not isinstance(media.value, dict):
                report.warning(media, f"nothing is said of {name}", "Give it a `schema`.")
    if body is not None and not isinstance(body.node.get("required", False), bool):
        report.warning(body.node, "`required` is neither true nor false; taken as false", "Write it without quotes.")


def _report_shared_ids(document: Document, report: Report) -> None:
    by_id: dict[str, list[ApiOperation]] = defaultdict(list)
    for operation in document.operations:
        if operation.id:
            by_id[operation.id].append(operation)
    for id_, sharing in by_id.items():
        for operation in sharing[1:]:
            at: Node = operation.node.child("operationId") or operation.node
            message = f"the operationId {id_!r} is also that of {sharing[0].source}"
            report.warning(at, message, "Give each operation an operationId of its own; fields are named after them.")
