"""A department's API as its document describes it, without the department: requests to generated answers. Pure.

The same request gets the same answer, another request another one. ``Prefer: code=404`` asks for another documented
status, ``Prefer: example=name`` for one of the documented examples.
"""

import random
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from supergraph.mock.generate import Generator, UnsatisfiableError
from supergraph.mock.json_types import Definitions
from supergraph.mock.media import form_of, written
from supergraph.mock.negotiation import acceptable, asked_for, named_example, preferences, success
from supergraph.mock.request import Call, RequestChecker, readings
from supergraph.mock.routes import Routes
from supergraph.mock.valid import Fault, Validator
from supergraph.openapi import media_types
from supergraph.openapi.document import ApiOperation, Document, Media, Response
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.media_types import Form
from supergraph.openapi.parameters import credentials

_SHOWN_FAULTS = 20
_CONCRETE = {
    "json": "application/json",
    "text": "text/plain",
    "xml": "application/xml",
    "binary": "application/octet-stream",
}


class Reply(Struct, frozen=True):
    """An answer; without a media type it has no content."""

    status: int
    media_type: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class MockService:
    """One document, answering."""

    def __init__(self, document: Document, seed: int = 0) -> None:
        self.document = document
        self._seed = seed
        self._routes = Routes(document.operations, urlsplit(document.server).path)
        self._schemas = JsonSchemas(document.bundle)
        self._definitions = Definitions(self._schemas.definitions)
        self._validator = Validator(self._definitions, "response")
        self._checker = RequestChecker(self._schemas, credentials(document))

    def reply(self, call: Call) -> Reply:
        """Answer a request."""
        found = self._routes.find(call.path, call.query)
        if not found:
            return problem(404, f"the document has no path for {call.path}")
        for route, parameters in found:
            if route.operation.method == ("GET" if call.method == "HEAD" else call.method):
                return self._checked(route.operation, parameters, call)
        methods = ", ".join(sorted({route.operation.method for route, _ in found}))
        refusal = problem(405, f"{call.method} is not documented for {call.path}; documented: {methods}")
        return msgspec.structs.replace(refusal, headers=(("allow", methods),))

    def _checked(self, operation: ApiOperation, path: Mapping[str, str], call: Call) -> Reply:
        if faults := [*self._checker.faults(operation, path, call)]:
            return problem(400, f"{operation.source} does not document such a request", faults)
        code = preferences(call.headers.get("prefer", "")).get("code", "")
        chosen = asked_for(operation, code) if code else success(operation)
        if chosen is None:
            documented = ", ".join(each.status for each in operation.responses)
            return problem(400, f"{operation.source} does not document the status {code}; documented: {documented}")
        status, response = chosen
        if response is None:
            return Reply(status, "application/json", b"{}")
        if not response.media or status in {204, 205, 304}:
            return Reply(status)
        return self._answer(status, response, path, call)

    def _answer(self, status: int, response: Response, path: Mapping[str, str], call: Call) -> Reply:
        media = acceptable(response.media, call.headers.get("accept", ""))
        schema = self._schemas.schema(media.schema)
        form = form_of(media, schema, self._definitions)
        seed = f"{self._seed} {call.method} {call.path}?{call.query} {call.body.hex()}"
        rng = random.Random(seed)  # noqa: S311 - made-up data is no secret
        media_type = _CONCRETE[form] if "*" in media.media_type else media_types.asked(media.media_type)
        if form == "binary":
            return Reply(status, media_type, rng.randbytes(64))
        if name := preferences(call.headers.get("prefer", "")).get("example", ""):
            exists, value = named_example(response, media, name, self.document.bundle)
            if not exists:
                return problem(400, f"{media.media_type} has no example {name!r} in the answer {response.status}")
        elif examples := self._examples(media, schema, form):
            value = rng.choice(examples)
        else:
            try:
                value = Generator(self._definitions, "response", seed).value(schema)
            except UnsatisfiableError as wrong:
                return problem(500, f"no answer can be valid by the document's own schema: {wrong}")
            value = self._echoed(schema, value, path)
        return Reply(status, media_type, written(value, form, "answer"))

    def _examples(self, media: Media, schema: dict[str, Any], form: Form) -> list[Any]:
        """Return the documented examples that are valid; text may stand for a body that is no JSON."""
        return [
            example
            for example in media.examples
            if (form != "json" and isinstance(example, str)) or self._validator.is_valid(schema, example)
        ]

    def _echoed(self, schema: dict[str, Any], value: Any, path: Mapping[str, str]) -> Any:
        """Let the answer to ``/lots/L001`` be about L001: write path parameters into properties of that name."""
        if not isinstance(value, dict):
            return value
        for name in path.keys() & value.keys():
            for reading in readings(path[name]):
                echoed = {**value, name: reading}
                if self._validator.is_valid(schema, echoed):
                    value = echoed
                    break
        return value


def problem(status: int, detail: str, faults: Sequence[Fault] = ()) -> Reply:
    """Return a problem document (RFC 9457)."""
    body: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if faults:
        body["errors"] = [{"where": fault.pointer, "message": fault.message} for fault in faults[:_SHOWN_FAULTS]]
    return Reply(status, "application/problem+json", msgspec.json.encode(body))
