"""What is asked of every gateway: the three workloads, their queries, and what a right answer is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.upstream import register

MARK = "0000000"
"""Stands in a request for its number, of as many digits: each request of a run has a number of its own."""
FIRST_NUMBER = 1_000_000

DOCUMENT = Path(__file__).parent / "upstream" / "openapi.yaml"


@dataclass(frozen=True)
class Call:
    """One upstream call: an operation of a service, with the fields that are selected from its answer."""

    service: str
    operation: str
    fields: tuple[str, ...]

    @property
    def argument(self) -> tuple[str, str, str]:
        """The operation's argument: name, GraphQL type, JSON value."""
        return ("id", "String!", f'"f{MARK}"') if self.operation == "facility" else ("page", "Int!", MARK)

    @property
    def path(self) -> str:
        """Where the upstream answers this call."""
        return f"/{self.service}/" + (
            f"facilities/f{MARK}" if self.operation == "facility" else f"readings?page={MARK}"
        )

    def answer(self, number: str) -> Any:
        """Return what the upstream says."""
        if self.operation == "facility":
            return register.facility(self.service, f"f{number}")
        return [register.reading(number, row) for row in range(register.ROWS)]

    def selected(self, number: str) -> Any:
        """Return what a gateway should make of it."""
        answer = self.answer(number)
        if isinstance(answer, list):
            return [{field: row[field] for field in self.fields} for row in answer]
        return {field: answer[field] for field in self.fields}


@dataclass(frozen=True)
class Question:
    """One HTTP request to a gateway under test, MARK in place of its number, and the right answer's JSON."""

    method: str
    path: str
    body: str
    answer: Callable[[str], Any]
    authorization: str = ""


@dataclass(frozen=True)
class Workload:
    """Calls that one query makes together."""

    name: str
    calls: tuple[Call, ...]

    def graphql(self, *, namespaced: bool) -> Question:
        """Ask for all calls in one query: as ``library { facility }``, or as ``library_facility`` if not namespaced."""
        name, type_, value = self.calls[0].argument
        fields = " ".join(
            (f"{call.service} {{ %s }}" if namespaced else f"{call.service}_%s")
            % f"{call.operation}({name}: ${name}) {{ {' '.join(call.fields)} }}"
            for call in self.calls
        )
        query = f"query Bench(${name}: {type_}) {{ {fields} }}"
        body = f'{{"query":{json.dumps(query)},"operationName":"Bench","variables":{{"{name}":{value}}}}}'

        def answer(number: str) -> Any:
            if namespaced:
                return {"data": {call.service: {call.operation: call.selected(number)} for call in self.calls}}
            return {"data": {f"{call.service}_{call.operation}": call.selected(number) for call in self.calls}}

        return Question("POST", "/graphql", body, answer)

    def bare(self) -> tuple[Question, ...]:
        """Ask for the upstream's own answers, one request a call."""
        return tuple(Question("GET", call.path, "", call.answer) for call in self.calls)


_FACILITY = ("name", "district", "capacity")  # 3 of 8
_READING = ("id", "kind", "value", "unit", "valid")  # 5 of 12

WORKLOADS = (
    Workload("small", (Call("library", "facility", _FACILITY),)),
    Workload("large", (Call("library", "readings", _READING),)),
    Workload("aggregate", tuple(Call(service, "facility", _FACILITY) for service in register.SERVICES)),
)


def document(service: str, upstream: str, *, prefixed: bool) -> dict[str, Any]:
    """Return the register's document for one service.

    ``prefixed`` puts the service's name before operations and schemas, for gateways that have one space of names.
    """
    text = DOCUMENT.read_text(encoding="utf-8")
    if prefixed:
        text = text.replace("operationId: ", f"operationId: {service}_")
        for schema in ("Facility", "Reading"):
            text = text.replace(f"schemas/{schema}", f"schemas/{service}{schema}")
            text = text.replace(f"    {schema}:\n", f"    {service}{schema}:\n")
    parsed: dict[str, Any] = yaml.safe_load(text)
    parsed["servers"] = [{"url": f"{upstream}/{service}"}]
    return parsed
