"""Schemas for generating values agree with the types of the graph."""

from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle
from supergraph.openapi.report import Report


def test_numbers_whose_format_is_an_integers_are_integers() -> None:
    schemas = JsonSchemas(Bundle("api.json", lambda _: b"{}", Report()))
    assert schemas.schema(Node({"type": "number", "format": "int64"}))["type"] == "integer"
    assert schemas.schema(Node({"type": "number", "format": "double"}))["type"] == "number"
