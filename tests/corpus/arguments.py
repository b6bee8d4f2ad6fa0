"""Arguments for an operation: instances of the document's schemas, as the graph's variables write them."""

import base64
from collections.abc import Mapping
from typing import Any

from supergraph.mock.generate import Generator, UnsatisfiableError
from supergraph.mock.json_types import Definitions
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.json_schema import JsonSchemas
from supergraph.requests.styles import text
from supergraph.slice import Argument, EnumType, InputType, Operation, Type, named

NUMBERS = {"Int", "BigInt", "Float"}


class UnwritableError(Exception):
    """The value has no form in the graph's types."""


class Arguments:
    """Makes the variables of one document's operations."""

    def __init__(self, schemas: JsonSchemas, types: Mapping[str, Type]) -> None:
        self._schemas = schemas
        self._types = types

    def make(self, operation: Operation, source: ApiOperation, seed: str) -> dict[str, Any]:
        made = {}
        for argument in operation.arguments:
            schema = self._schemas.schema(_node(argument, operation, source))
            generator = Generator(Definitions(self._schemas.definitions), "request", f"{seed} {argument.name}")
            for _ in range(5):
                try:
                    value = self.written(generator.value(schema, argument.name), argument.type)
                except (UnsatisfiableError, UnwritableError):
                    continue
                if _has_place(value, argument):
                    made[argument.name] = value
                    break
        return made

    def written(self, value: Any, reference: str) -> Any:
        """Write a JSON value as the variable of a type. Raises UnwritableError."""
        if value is None:
            if reference.endswith("!"):
                raise UnwritableError(reference)
            return None
        reference = reference.removesuffix("!")
        if reference.startswith("["):
            inner = self._types.get(named(reference))
            if isinstance(inner, InputType) and inner.kind == "entry" and isinstance(value, dict):
                types = {field.name: field.type for field in inner.fields}
                return [{"key": key, "value": self.written(item, types["value"])} for key, item in value.items()]
            items = value if isinstance(value, list) else [value]
            return [self.written(item, reference[1:-1]) for item in items]
        type_ = self._types.get(reference)
        if isinstance(type_, InputType):
            return self._chosen(value, type_) if type_.kind == "one_of" else self._object(value, type_)
        if isinstance(type_, EnumType):
            found = [each.name for each in type_.values if each.source == value and type(each.source) is type(value)]
            return found[0] if found else _refuse(reference)
        return _scalar(value, reference)

    def _object(self, value: Any, type_: InputType) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise UnwritableError(type_.name)
        made = {}
        for field in type_.fields:
            if field.source in value:
                made[field.name] = self.written(value[field.source], field.type)
            elif field.type.endswith("!"):
                raise UnwritableError(f"{type_.name}.{field.name}")
        return made

    def _chosen(self, value: Any, type_: InputType) -> dict[str, Any]:
        tag = value.get(type_.discriminator) if isinstance(value, dict) and type_.discriminator else None
        for field in sorted(type_.fields, key=lambda each: type_.tags.get(each.name) != tag):
            try:
                return {field.name: self.written(value, f"{field.type}!")}
            except UnwritableError:
                continue
        raise UnwritableError(type_.name)


def _node(argument: Argument, operation: Operation, source: ApiOperation) -> Any:
    if argument.place == "body":
        media = source.body.media if source.body else ()
        return next((each.schema for each in media if each.media_type == operation.binding.body), media[0].schema)
    found = [each for each in source.parameters if (each.place, each.name) == (argument.place, argument.source)]
    return found[0].schema if found else None


def _scalar(value: Any, reference: str) -> Any:
    if reference == "JSON":
        return value
    if reference == "Boolean":
        return value if isinstance(value, bool) else _refuse(reference)
    if reference in NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UnwritableError(reference)
        if reference == "Float":
            return value
        return int(value) if int(value) == value else _refuse(reference)
    if reference == "Base64":
        return (
            value if isinstance(value, str) and _is_base64(value) else base64.b64encode(text(value).encode()).decode()
        )
    return text(value)


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        return False
    return True


def _refuse(reference: str) -> Any:
    raise UnwritableError(reference)


def _has_place(value: Any, argument: Argument) -> bool:
    """Path segments cannot be empty, headers hold no line breaks."""
    if argument.place == "path":
        return value not in ("", [], ".", "..") and "/" not in str(value)
    return True
