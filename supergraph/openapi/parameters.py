"""Parameters as arguments of a root field, or as constants where only one value is allowed."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from supergraph.names import digest, member_name
from supergraph.openapi.document import ApiOperation, Document, Parameter, Place
from supergraph.openapi.input_types import InputTypes, report_default, single_value, with_default
from supergraph.openapi.report import Report
from supergraph.openapi.shape import Shape
from supergraph.openapi.types import Ref, Seat, deprecation
from supergraph.slice import Argument, InputType
from supergraph.wire import TRANSPORT_HEADERS

_PLACES: tuple[Place, ...] = ("path", "query", "header", "cookie")
_OWN_HEADERS = TRANSPORT_HEADERS | {"accept", "content-type", "authorization"}  # OpenAPI 3.1 section 4.8.12.1
_TEMPLATE = re.compile(r"\{([^{}]+)\}")

Constant = tuple[Place, str, str]


class Credential(NamedTuple):
    """A parameter that carries an API key: the gateway's business, not the client's."""

    place: str
    name: str  # lower case in headers


def credentials(document: Document) -> set[Credential]:
    """Return the API keys that the document declares."""
    components = document.root.child("components")
    found = set()
    for holder, key in ((document.root, "securityDefinitions"), (components, "securitySchemes")):
        for _, each in holder.members(key) if holder is not None else ():
            node = document.bundle.resolve(each)
            if node is not None and node.text("type") == "apiKey":
                found.add(_credential(node.text("in"), node.text("name")))
    return found


def _credential(place: str, name: str) -> Credential:
    return Credential(place, name.lower() if place == "header" else name)


class Parameters:
    """Reads operations' parameters."""

    def __init__(self, inputs: InputTypes, keys: set[Credential], report: Report) -> None:
        self._inputs = inputs
        self._keys = keys
        self._report = report

    def read(self, operation: ApiOperation) -> tuple[list[Argument], list[Constant]]:
        """Return the arguments, named apart, and the constants."""
        arguments: list[Argument] = []
        constants: list[Constant] = []
        used: set[str] = set()
        for parameter in self._sent(operation):
            shape = self._shape(parameter)
            value = single_value(shape) if parameter.required else None
            if value is not None:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                constants.append((parameter.place, parameter.name, text))
                continue
            argument = self._argument(parameter, shape, _name(parameter, used))
            used.add(argument.name)
            arguments.append(argument)
        for name in self._undeclared(operation):
            unique = _apart(member_name(name), "path", name, used)
            used.add(unique)
            arguments.append(Argument(name=unique, source=name, type="String!", place="path", style="simple"))
        return arguments, constants

    def _sent(self, operation: ApiOperation) -> Iterator[Parameter]:
        template = set(_TEMPLATE.findall(operation.path))
        for parameter in sorted(operation.parameters, key=lambda each: _PLACES.index(each.place)):
            if _credential(parameter.place, parameter.name) in self._keys:
                continue
            if parameter.place == "header" and parameter.name.lower() in _OWN_HEADERS:
                continue
            if parameter.place == "path" and parameter.name not in template:
                message = f"the path has no {{{parameter.name}}}; the parameter is left out"
                self._report.warning(parameter.node, message, "Name the parameter as in the path, or remove it.")
                continue
            yield parameter

    def _undeclared(self, operation: ApiOperation) -> Iterator[str]:
        declared = {each.name for each in operation.parameters if each.place == "path"}
        for name in dict.fromkeys(_TEMPLATE.findall(operation.path)):
            if name not in declared:
                message = f"the path's {{{name}}} is not among the parameters; taken as a string"
                self._report.warning(operation.node, message, f"Add the parameter {name!r} with `in: path`.")
                yield name

    def _shape(self, parameter: Parameter) -> Shape:
        return self._inputs.types.shapes.of((parameter.schema,)) if parameter.schema is not None else Shape()

    def _argument(self, parameter: Parameter, shape: Shape, name: str) -> Argument:
        ref = self._ref(parameter, shape)
        report_default(parameter.schema or parameter.node, shape, self._report)
        required = "!" if parameter.required else ""
        own_type = self._inputs.is_made_here(ref)
        text = parameter.description or ("" if own_type else shape.description)
        return Argument(
            name=name,
            source=parameter.name,
            type=f"{ref.name}{required}",
            place=parameter.place,
            style=parameter.style,
            explode=parameter.explode,
            allow_reserved=parameter.allow_reserved,
            description=with_default(text, shape),
            deprecated=None if required else deprecation(deprecated=parameter.deprecated or shape.deprecated),
        )

    def _ref(self, parameter: Parameter, shape: Shape) -> Ref:
        """Return a type that can stand in a URL or header: text where only a choice of forms is known."""
        if parameter.schema is None:
            return Ref("String")
        ref = self._inputs.read((parameter.schema,), Seat(parameter.node))
        if parameter.style == "json":
            return ref
        made = self._inputs.types.made.get(ref.name)
        if isinstance(made, InputType) and made.kind == "one_of":
            lists = [field.type for field in made.fields if field.type.startswith("[")]
            return Ref(lists[0] if lists else "String")
        if ref.name == "JSON" and not shape.is_object:
            return Ref("String")
        return Ref("[String!]") if ref.name == "[JSON]" else ref


def _name(parameter: Parameter, used: set[str]) -> str:
    return _apart(member_name(parameter.name), parameter.place, parameter.name, used)


def _apart(name: str, place: str, source: str, used: set[str]) -> str:
    """Path parameters keep their names; one of the same name in another place says its place."""
    if name not in used:
        return name
    name = f"{name}_{place}"
    return name if name not in used else f"{name}_{digest(source)}"
