"""Compiling documents given as plain values."""

from typing import Any

import msgspec

from supergraph.openapi import Compilation, OperationSettings, compile_document
from supergraph.slice import Argument, Operation, Slice, Type

Schema = dict[str, Any]


class Compiled:
    """A compilation, and short ways into its slice."""

    def __init__(self, compilation: Compilation) -> None:
        self.compilation = compilation
        self.findings = compilation.findings
        self.messages = [finding.message for finding in compilation.findings]

    @property
    def slice(self) -> Slice:
        assert self.compilation.slice is not None, self.findings
        return self.compilation.slice

    @property
    def types(self) -> dict[str, Type]:
        return self.slice.types

    def operation(self, name: str = "") -> Operation:
        """Return the operation of that name, or the only one."""
        found = [each for each in self.slice.operations if not name or each.name == name]
        assert len(found) == 1, [each.name for each in self.slice.operations]
        return found[0]

    def fields(self, type_name: str) -> dict[str, str]:
        """Return a type's fields with their types."""
        return {field.name: field.type for field in self.types[type_name].fields}  # type: ignore[union-attr] # by test

    def arguments(self, name: str = "") -> dict[str, Argument]:
        return {argument.name: argument for argument in self.operation(name).arguments}


def compiled(tree: Any, settings: dict[str, OperationSettings] | None = None, **files: Any) -> Compiled:
    """Compile a document given as a value; ``files`` are what it refers to."""
    trees = {"api.json": tree, **files}
    return Compiled(
        compile_document(
            "api.json", lambda path: msgspec.json.encode(trees[path]), service="parking", settings=settings or {}
        )
    )


def document(paths: Any, version: str = "3.0.3", **components: Any) -> dict[str, Any]:
    """Return an OpenAPI 3 document."""
    return {
        "openapi": version,
        "info": {"title": "Parking", "version": "1"},
        "paths": paths,
        "components": components,
    }


def answering(schema: Schema, version: str = "3.0.3", **schemas: Schema) -> Compiled:
    """Compile a document whose one operation, ``answer``, gives ``schema``."""
    responses = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    paths = {"/answer": {"get": {"operationId": "answer", "responses": responses}}}
    return compiled(document(paths, version, schemas=schemas))


def taking(schema: Schema, version: str = "3.0.3", **schemas: Schema) -> Compiled:
    """Compile a document whose one operation, ``take``, has a required body of ``schema``."""
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "take", "requestBody": body, "responses": {"204": {"description": "done"}}}
    return compiled(document({"/take": {"post": operation}}, version, schemas=schemas))
