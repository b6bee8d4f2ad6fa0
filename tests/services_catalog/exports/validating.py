"""The standards' own schemas and shapes, applied; see standards/README.md for where they are from.

Both standards let data have more than they know. A misspelt name would pass for that, so names are held to theirs, too.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyshacl
from jsonschema import Draft202012Validator, FormatChecker
from rdflib import RDF, SH, Graph, URIRef
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

STANDARDS = Path(__file__).parent / "standards"
BEYOND = {  # what the export says beyond the profile, by class
    "Channel": {"http://xmlns.com/foaf/0.1/page", "http://www.w3.org/ns/locn#address"},
    "Output": {"http://xmlns.com/foaf/0.1/page"},
    "PublicService": {"http://purl.org/dc/terms/modified"},
    "ContactPoint": {"http://data.europa.eu/m8g/telephone"},  # of the profile, but its shapes do not check it
    "LegalResource": {"http://purl.org/dc/terms/title", "http://purl.org/dc/terms/description"},
    "Concept": {"http://www.w3.org/2004/02/skos/core#notation", "http://www.w3.org/2004/02/skos/core#prefLabel"},
    "AdministrativeTerritorialUnit": {
        "http://purl.org/dc/terms/identifier",
        "http://www.w3.org/2004/02/skos/core#prefLabel",
    },
}

_formats = FormatChecker(["uuid", "email"])
_formats.checks("uri")(lambda text: bool(urlsplit(text).scheme) if isinstance(text, str) else True)
_formats.checks("date-time", ValueError)(lambda text: datetime.fromisoformat(text).tzinfo is not None)


@cache
def schemas() -> Mapping[str, Any]:
    """Return HSDS's schemas by name."""
    return {file.stem: json.loads(file.read_text()) for file in sorted((STANDARDS / "hsds").glob("*.json"))}


@cache
def _validators() -> Mapping[str, Draft202012Validator]:
    strict = {each["$id"]: each | {"additionalProperties": False} for name, each in schemas().items() if name != "page"}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(each, DRAFT202012)) for name, each in strict.items()
    )
    made = {
        each["name"]: Draft202012Validator(each, registry=registry, format_checker=_formats) for each in strict.values()
    }
    return made | {"page": Draft202012Validator(schemas()["page"])}


def defects(kind: str, record: Any) -> list[str]:
    """Return what is wrong with a record of HSDS, by its place."""
    return [f"{error.json_path}: {error.message}" for error in _validators()[kind].iter_errors(record)]


def records(kind: str, record: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a record and all within it, each with the name of its schema."""
    yield kind, record
    for name, schema in schemas()[kind]["properties"].items():
        target = schema.get("$ref") or schema.get("items", {}).get("$ref")
        if target and name in record:
            within = record[name] if schema.get("type") == "array" else [record[name]]
            for each in within:
                yield from records(target.removesuffix(".json"), each)


@cache
def shapes() -> Graph:
    """Return CPSV-AP's shapes."""
    return Graph().parse(STANDARDS / "cpsv-ap-3.2.0-shapes.ttl", format="turtle")


def graph(document: bytes | str) -> Graph:
    """Read a JSON-LD document."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib 7's reader uses a class of its own that will go
        return Graph().parse(data=document, format="json-ld")


def violations(data: Graph) -> list[str]:
    """Return what of a graph breaks the shapes, one line each."""
    conforms, report, _ = pyshacl.validate(data, shacl_graph=shapes(), inference="none", allow_warnings=False)
    assert isinstance(report, Graph)
    parts = (SH.focusNode, SH.resultPath, SH.resultMessage)
    found = [" ".join(str(report.value(each, part)) for part in parts) for each in report.objects(predicate=SH.result)]
    assert conforms == (not found)
    return sorted(found)


def required() -> list[tuple[URIRef, URIRef]]:
    """Return every class of the shapes with every property that it must have."""
    return [(class_, path) for class_, path, at_least in _properties() if at_least]


def unknown_properties(data: Graph) -> set[tuple[str, str]]:
    """Return what a graph says of the profile's classes that neither the profile nor ``BEYOND`` has."""
    known: dict[URIRef, set[str]] = {}
    for shape in shapes().subjects(RDF.type, SH.NodeShape):
        name = str(shape).rpartition("#")[2].removesuffix("Shape")
        known.setdefault(_target(shape), set()).update(BEYOND.get(name, set()))
    for class_, path, _ in _properties():
        known[class_].add(str(path))
    found = set()
    for subject in set(data.subjects(RDF.type)):
        types = [each for each in data.objects(subject, RDF.type) if each in known]
        allowed = {str(RDF.type)}.union(*(known[URIRef(str(each))] for each in types))
        found |= {(str(types), str(each)) for each in data.predicates(subject) if types and str(each) not in allowed}
    return found


def _properties() -> Iterator[tuple[URIRef, URIRef, int]]:
    for shape, _, constraint in shapes().triples((None, SH.property, None)):
        least = shapes().value(constraint, SH.minCount)
        yield _target(shape), URIRef(str(shapes().value(constraint, SH.path))), int(str(least)) if least else 0


def _target(shape: Any) -> URIRef:
    return URIRef(str(shapes().value(shape, SH.targetClass)))
