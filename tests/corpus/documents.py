"""The real documents of the corpus, read, compiled and mocked."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from supergraph.mock.service import MockService
from supergraph.openapi import compile_document
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.read import read_document
from supergraph.openapi.report import Report
from supergraph.slice import Operation, Slice
from tests.corpus_folder import CORPUS


class Source(Struct):
    """One document: its slice, its operations as it writes them, and the mock of it."""

    name: str
    path: Path
    entry: str
    slice: Slice
    schemas: JsonSchemas
    operations: dict[str, ApiOperation]
    mock: MockService
    bundle: dict[str, str]


def files() -> list[Path]:
    if not (CORPUS / "index.csv").exists():
        return []
    with (CORPUS / "index.csv").open(encoding="utf-8") as rows:
        return [CORPUS / row["file"] for row in csv.DictReader(rows)]


def names() -> Iterator[tuple[str, Path]]:
    """Name the services: ``nlVngZaken12``."""
    for number, path in enumerate(files()):
        words = re.findall("[A-Za-z0-9]+", path.stem)
        yield f"s{number}{''.join(word.title() for word in words)}"[:40], path


def source(name: str, path: Path) -> Source | None:
    """Read and compile a document; None if there is nothing to call."""
    bundle: dict[str, str] = {}
    inside = path.relative_to(CORPUS / "documents")
    root = CORPUS / "documents" / inside.parts[0] if len(inside.parts) > 1 else path.parent

    def read(file: str) -> bytes:
        data = (root / file).read_bytes()
        bundle[file] = data.decode("utf-8-sig")
        return data

    entry = str(path.relative_to(root))
    slice_ = compile_document(entry, read, service=name).slice
    document = read_document(entry, read, Report())
    if slice_ is None or document is None or not slice_.operations:
        return None
    return Source(
        name=name,
        path=path,
        entry=entry,
        slice=slice_,
        schemas=JsonSchemas(document.bundle),
        operations={operation.source: operation for operation in document.operations},
        mock=MockService(document),
        bundle=bundle,
    )


def is_safe(operation: Operation) -> bool:
    return operation.binding.method == "GET"
