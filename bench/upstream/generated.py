"""Made-up departments: documents of ten operations each, one of which the upstream of register.py answers."""

import copy
from typing import Any

from bench.workloads import document

OPERATIONS = 10
_KINDS = ("permits", "inspections", "notices", "tenders", "complaints", "meters", "vehicles", "events")


def generated(name: str, upstream: str, edition: int = 0) -> dict[str, Any]:
    """Return a service's document. Each further edition has one more operation, ``probe<edition>``."""
    made = document(name, upstream, prefixed=False)
    for kind in _KINDS:
        made["paths"][f"/{kind}/{{id}}"] = _operation(kind, kind)
        made["components"]["schemas"][kind] = _schema(kind)
    for number in range(1, edition + 1):
        probe = copy.deepcopy(made["paths"]["/facilities/{id}"])
        probe["get"]["operationId"] = f"probe{number}"
        made["paths"][f"/probes{number}/{{id}}"] = probe
    return made


def _operation(name: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "get": {
            "operationId": name,
            "summary": f"One of the {name}",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "lang", "in": "query", "schema": {"type": "string", "enum": ["zh", "en"]}},
            ],
            "responses": {"200": {"description": "Found", "content": content}},
        }
    }


def _schema(kind: str) -> dict[str, Any]:
    texts = {f"text{number}": {"type": "string", "description": f"{kind}, line {number}"} for number in range(5)}
    contact = {"type": "object", "properties": {"name": {"type": "string"}, "phone": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "state": {"type": "string", "enum": ["open", "closed", "waiting"]},
            "count": {"type": "integer", "format": "int32"},
            "share": {"type": "number"},
            "since": {"type": "string", "format": "date-time"},
            "contacts": {"type": "array", "items": contact},
            "facility": {"$ref": "#/components/schemas/Facility"},
            **texts,
        },
    }
