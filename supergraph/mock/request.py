"""Is a request what its operation documents? Parameters and JSON bodies are looked at, forms and files are not."""

from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
from msgspec import Struct

from supergraph.mock.json_types import Definitions, type_of, types_of
from supergraph.mock.valid import Fault, Validator
from supergraph.openapi import media_types
from supergraph.openapi.document import ApiOperation, Body, Parameter
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.openapi.parameters import Credential

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|", "tsv": "\t"}
_OWN_HEADERS = {"accept", "content-type", "authorization"}  # OpenAPI 3.1 section 4.8.12.1 leaves them out


class Call(Struct, frozen=True):
    """A request to a department. ``path`` is raw; header names are lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class RequestChecker:
    """Checks requests by the schemas of one document."""

    def __init__(self, schemas: JsonSchemas, keys: set[Credential]) -> None:
        """API keys, ``keys``, are not asked for."""
        self._schemas = schemas
        self._keys = keys
        self._definitions = Definitions(schemas.definitions)
        self._validator = Validator(self._definitions, "request", tolerant=True)

    def faults(self, operation: ApiOperation, path: Mapping[str, str], call: Call) -> Iterator[Fault]:
        """Yield what is wrong with a request; ``pointer`` names the parameter or leads into the body."""
        yield from self._parameter_faults(operation.parameters, path, call)
        if operation.body is not None:
            yield from self._body_faults(operation.body, call)

    def _parameter_faults(
        self, parameters: tuple[Parameter, ...], path: Mapping[str, str], call: Call
    ) -> Iterator[Fault]:
        query = parse_qs(call.query, keep_blank_values=True)
        cookies = SimpleCookie(call.headers.get("cookie", ""))
        for parameter in parameters:
            name, place = parameter.name, parameter.place
            if place == "header" and name.lower() in _OWN_HEADERS:
                continue
            if place == "path":
                given = [path[name]] if name in path else None
            elif place == "query":
                given = query.get(name)
            elif place == "cookie":
                given = [unquote(cookies[name].value)] if name in cookies else None
            else:
                header = call.headers.get(name.lower())
                given = None if header is None else [header]
            where = f"{place} parameter {name}"
            if given is not None:
                yield from self._value_faults(parameter, given, where)
            elif self._is_missing(parameter, query):
                yield Fault(where, "is required")

    def _is_missing(self, parameter: Parameter, query: Mapping[str, Any]) -> bool:
        name = parameter.name.lower() if parameter.place == "header" else parameter.name
        if not parameter.required or parameter.place == "path" or Credential(parameter.place, name) in self._keys:
            return False
        is_object = "object" in self._types(parameter)
        return not is_object and not any(key.startswith(f"{parameter.name}[") for key in query)

    def _types(self, parameter: Parameter) -> frozenset[str]:
        parts = self._definitions.parts([self._schemas.schema(parameter.schema)])
        return frozenset[str]().union(*(types_of(part) for part in parts if "type" in part))

    def _value_faults(self, parameter: Parameter, given: list[str], where: str) -> Iterator[Fault]:
        schema = self._schemas.schema(parameter.schema)
        types = self._types(parameter)
        if parameter.style == "json":
            yield from _named(self._json_faults(schema, given[0].encode()), where)
        elif "array" in types:
            if "" in given:
                return
            items = given if parameter.explode else given[0].split(_DELIMITERS.get(parameter.style, ","))
            part = next(iter(self._definitions.parts([schema])))
            read = [self._read(part.get("items", {}), item) for item in items]
            yield from _named(self._validator.faults(schema, read), where)
        elif "object" not in types and parameter.style in {"simple", "form"} and given[0]:
            yield from _named(self._validator.faults(schema, self._read(schema, given[0])), where)

    def _read(self, schema: Any, text: str) -> Any:
        """Return the text as what the schema wants: a valid reading, else one of a fitting type."""
        types = frozenset[str].intersection(*map(types_of, self._definitions.parts([schema])))
        fitting = [each for each in readings(text) if type_of(each) in types]
        return next((each for each in fitting if self._validator.is_valid(schema, each)), [*fitting, text][0])

    def _body_faults(self, body: Body, call: Call) -> Iterator[Fault]:
        if not call.body:
            if body.required:
                yield Fault("body", "is required")
            return
        given = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        documented = [media for media in body.media if media.media_type == given or "*" in media.media_type]
        if not documented:
            names = ", ".join(media.media_type for media in body.media)
            yield Fault("body", f"is {given or 'of no content-type'}; documented: {names}")
        elif media_types.form(given) == "json":
            yield from _named(self._json_faults(self._schemas.schema(documented[0].schema), call.body), "body")

    def _json_faults(self, schema: Any, text: bytes) -> Iterator[Fault]:
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            yield Fault("", f"is no JSON: {wrong}")
        else:
            yield from self._validator.faults(schema, value)


def readings(text: str) -> Iterator[Any]:
    """Yield what a text in a URL may mean: itself, a number, a boolean."""
    yield text
    for read in (int, float):
        try:
            yield read(text)
        except ValueError:
            continue
    if text in {"true", "false"}:
        yield text == "true"


def _named(faults: Iterator[Fault], where: str) -> Iterator[Fault]:
    for fault in faults:
        yield Fault(f"{where} {fault.pointer}".rstrip(), fault.message)
