"""Every schema of a body or answer in the real documents: what is generated is valid by jsonschema."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from supergraph.mock.generate import Generator, UnsatisfiableError
from supergraph.mock.json_types import Definitions
from supergraph.mock.valid import Direction
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.read import read_document
from supergraph.openapi.report import Report
from tests.corpus_folder import CORPUS

UNSATISFIABLE = {
    ("documents/is-vmst__vmst.yaml", "GET /applications/{applicationId} 200"): (
        "`type` is required, but no property has that name and additionalProperties is false"
    ),
}


def corpus() -> list[Path]:
    if not (CORPUS / "index.csv").exists():
        return []
    with (CORPUS / "index.csv").open(encoding="utf-8") as rows:
        return [CORPUS / row["file"] for row in csv.DictReader(rows)]


@pytest.mark.case("issue-2.5")
@pytest.mark.skipif(not corpus(), reason="the corpus of real documents is not beside the repository")
def test_generated_instances_of_real_schemas_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    made, overlapping, refused = 0, 0, set()
    for path in corpus():
        for where, direction, schema, definitions in schemas_of(path):
            try:
                value = Generator(Definitions(definitions), direction, where).value(schema)
            except UnsatisfiableError:
                refused.add((str(path.relative_to(CORPUS)), where))
                continue
            made += 1
            errors = list(validator(schema, definitions, direction).iter_errors(value))
            overlaps = [error for error in errors if is_overlap(error)]
            assert overlaps == errors, (path.name, where, errors[0].message, list(errors[0].absolute_path))
            overlapping += bool(overlaps)
    with capsys.disabled():
        print(f"\n{made:,} schemas, of which {overlapping} have oneOf members that overlap")  # noqa: T201 - the yield
    assert made > 2_000
    assert refused == UNSATISFIABLE.keys()


def schemas_of(path: Path) -> Iterator[tuple[str, Direction, dict[str, Any], dict[str, Any]]]:
    """Yield each different schema of a document's bodies and answers."""
    document = read_document(path.name, lambda name: (path.parent / name).read_bytes(), Report())
    if document is None:
        return
    schemas = JsonSchemas(document.bundle)
    found: dict[tuple[Direction, bytes], tuple[str, dict[str, Any]]] = {}
    for operation in document.operations:
        parts: list[tuple[str, Direction, Any]] = [
            (response.status, "response", media) for response in operation.responses for media in response.media
        ]
        parts += [("body", "request", media) for media in (operation.body.media if operation.body else ())]
        for what, direction, media in parts:
            schema = schemas.schema(media.schema)
            found.setdefault((direction, msgspec.json.encode(schema)), (f"{operation.source} {what}", schema))
    for (direction, _), (where, schema) in found.items():
        yield where, direction, schema, schemas.definitions


def validator(schema: dict[str, Any], definitions: dict[str, Any], direction: Direction) -> Draft202012Validator:
    hidden = "readOnly" if direction == "request" else "writeOnly"
    complete = one_way(
        {"$ref": "#/$defs/ ", "$defs": {**reached(schema, definitions), " ": schema}}, definitions, hidden
    )
    registry: Registry[Any] = Registry().with_resource("urn:it", Resource.from_contents(complete, DRAFT202012))
    return Draft202012Validator({"$ref": "urn:it#/$defs/ "}, registry=registry)


def reached(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in found:
                found[name] = definitions[name]
                pending.append(definitions[name])
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return found


def one_way(value: Any, definitions: dict[str, Any], hidden: str) -> Any:
    """Drop from ``required`` what is not sent in this direction (OpenAPI 3.0.4 section 4.7.24.2)."""
    if isinstance(value, list):
        return [one_way(each, definitions, hidden) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: one_way(each, definitions, hidden) for key, each in value.items()}
    properties = value.get("properties")
    if isinstance(properties, dict) and isinstance(value.get("required"), list):
        made["required"] = [
            name for name in value["required"] if not is_hidden(properties.get(name), definitions, hidden)
        ]
    return made


def is_hidden(schema: Any, definitions: dict[str, Any], hidden: str) -> bool:
    return schema is not None and any(part.get(hidden) for part in Definitions(definitions).parts([schema]))


def is_overlap(error: Any) -> bool:
    """A oneOf whose members overlap: then a value that fits several of them is given."""
    if error.validator == "oneOf":
        return "valid under each of" in error.message or any(map(is_overlap, error.context))
    return error.validator == "anyOf" and any(map(is_overlap, error.context))
