"""API documents to slices: OpenAPI 3.0 and 3.1, Swagger 2.0. Pure: the caller gives a function that reads files."""

from supergraph.openapi.compile import Compilation, compile_document
from supergraph.openapi.settings import OperationSettings

__all__ = ["Compilation", "OperationSettings", "compile_document"]
