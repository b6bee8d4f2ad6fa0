"""What all dialects of OpenAPI have in common, as plain values: a document's operations and their parts.

Schemas stay nodes of the document in their own dialect; ``schemas`` and ``json_schema`` read all dialects alike.
"""

from typing import Any, Literal

from msgspec import Struct

from supergraph.openapi.node import Node
from supergraph.openapi.refs import Bundle

Place = Literal["path", "query", "header", "cookie"]
Style = Literal["simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "tsv", "json"]


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter; ``schema`` is None if the document gives none."""

    name: str
    place: Place
    node: Node
    schema: Node | None
    required: bool
    style: Style
    explode: bool
    allow_reserved: bool = False
    description: str = ""
    deprecated: bool = False
    examples: tuple[Any, ...] = ()


class Media(Struct, frozen=True, kw_only=True):
    """One media type of a body or response; ``encoding`` describes a form's parts by property."""

    media_type: str  # lower case, without parameters
    schema: Node | None
    encoding: Node | None = None
    examples: tuple[Any, ...] = ()


class Body(Struct, frozen=True, kw_only=True):
    """A request body with the media types it may have."""

    node: Node
    required: bool
    media: tuple[Media, ...]
    description: str = ""


class Response(Struct, frozen=True, kw_only=True):
    """A response; without media it has no content."""

    node: Node
    status: str  # "200", "2XX" or "default"
    media: tuple[Media, ...]
    description: str = ""
    cache_control: str = ""  # the example of that header


class ApiOperation(Struct, frozen=True, kw_only=True):
    """An operation of the document; ``method`` is upper case, ``id`` the operationId or ""."""

    method: str
    path: str
    node: Node
    id: str = ""
    summary: str = ""
    description: str = ""
    deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    responses: tuple[Response, ...] = ()

    @property
    def source(self) -> str:
        """The document's own word for it: ``GET /lots/{id}``."""
        return f"{self.method} {self.path}"


class Document(Struct, frozen=True, kw_only=True):
    """A document that can be read. ``offered`` also counts operations too defective to be in ``operations``."""

    dialect: Literal["2.0", "3.0", "3.1"]
    bundle: Bundle
    root: Node
    title: str
    description: str
    version: str
    server: str  # may be relative or ""
    operations: tuple[ApiOperation, ...]
    offered: int
    components: tuple[Node, ...]  # the schemas at definitions or components/schemas
