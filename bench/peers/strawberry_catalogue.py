"""The catalogue's pages by Strawberry's own Litestar view: types by hand, entries in memory, as fast as it goes.

BENCH_ENTRIES names a file with answers of the catalogue's own API (JSON): what search and home find is given, so only
reading and answering are compared. Runs in granian.
"""
# ruff: noqa: N815, ARG002 -- fields are named as in the graph; whatever is asked is answered from memory

import os
from operator import getitem
from pathlib import Path
from typing import Any

import msgspec
import strawberry
from litestar import Litestar
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.litestar import make_graphql_controller
from strawberry.schema.config import StrawberryConfig

DATA: dict[str, Any] = msgspec.json.decode(Path(os.environ["BENCH_ENTRIES"]).read_bytes())


@strawberry.type
class Text:
    """As CatalogLocalized."""

    zh: str
    en: str
    translated: bool


@strawberry.type
class Duration:
    """As CatalogDuration."""

    amount: int
    unit: str


@strawberry.type
class Material:
    """As CatalogMaterial."""

    id: str
    name: Text
    necessity: str
    forms: list[str]


@strawberry.type
class Channel:
    """As CatalogChannel."""

    id: str
    kind: str
    url: str | None


@strawberry.type
class Authority:
    """As CatalogAuthority."""

    code: str
    name: Text


@strawberry.type
class Entry:
    """As CatalogEntry, as far as the pages read it."""

    code: str
    name: Text
    summary: Text
    state: str
    promisedTime: Duration
    authority: Authority
    materials: list[Material]
    channels: list[Channel]
    topics: list[str]


@strawberry.type
class Hit:
    """As CatalogHit."""

    entry: Entry


@strawberry.type
class Count:
    """As CatalogCount."""

    value: str
    count: int


@strawberry.type
class Results:
    """As CatalogResults."""

    hits: list[Hit]
    total: int


@strawberry.type
class Home:
    """As CatalogHome."""

    popular: list[Entry]
    topics: list[Count]
    total: int


@strawberry.type
class Catalog:
    """As CatalogQuery."""

    @strawberry.field
    def home(self, district: str | None = None) -> Home:
        return DATA["home"]  # type: ignore[no-any-return]  # as the file has it

    @strawberry.field
    def search(self, text: str | None = None, topic: str | None = None, district: str | None = None) -> Results:
        return DATA["search"]  # type: ignore[no-any-return]  # as the file has it

    @strawberry.field
    def entry(self, code: str) -> Entry:
        return DATA["entry"]  # type: ignore[no-any-return]  # as the file has it


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def catalog(self) -> Catalog:
        return Catalog()


schema = strawberry.Schema(
    query=Query,
    extensions=[lambda: ParserCache(maxsize=100), lambda: ValidationCache(maxsize=100)],
    config=StrawberryConfig(default_resolver=getitem, auto_camel_case=False),
)
app = Litestar(route_handlers=[make_graphql_controller(schema, path="/graphql")])
