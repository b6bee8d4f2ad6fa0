"""Made-up department systems, what apps ask of them, and random changes of their documents.

Every property, parameter and value has a name of its own, so that whether an operation uses it can be read in its text.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple

Api = dict[str, Any]

CLIENTS = ("wx0a", "wx0b", "2021alipay", "baidu7")


class Asked(NamedTuple):
    """A document that a client sends."""

    client: str
    text: str


class Changed(NamedTuple):
    """A changed document, and what of the graph has another type now: validation does not see that answers have."""

    kind: str
    api: Api
    retyped: str = ""


class Stub:
    """One system: operations with parameters, an enum among them, that answer with objects in objects."""

    def __init__(self, number: int) -> None:
        self.name = f"stub{number}"
        self._random = Random(number)  # noqa: S311 - made-up systems, the same every time
        self._made = 0
        self.api: Api = {
            "openapi": "3.0.3",
            "info": {"title": self.name, "version": "1"},
            "paths": {},
            "components": {"schemas": {}},
        }
        for _ in range(self._random.randint(2, 4)):
            self._add_operation(self.api)

    def _new(self, what: str) -> str:
        self._made += 1
        return f"{what}N{self._made}n"  # no name is the beginning of another

    def _object(self, api: Api, depth: int) -> str:
        properties: dict[str, Any] = {
            self._new("field"): {"type": self._random.choice(["string", "integer", "boolean"])}
            for _ in range(self._random.randint(2, 4))
        }
        if depth < 2:
            properties[self._new("inner")] = self._object_reference(api, depth + 1)
        name = self._new("Thing")
        required = [each for each in properties if self._random.random() < 0.5]
        api["components"]["schemas"][name] = {"type": "object", "properties": properties} | (
            {"required": required} if required else {}
        )
        return name

    def _object_reference(self, api: Api, depth: int) -> dict[str, str]:
        return {"$ref": f"#/components/schemas/{self._object(api, depth)}"}

    def _add_operation(self, api: Api) -> None:
        name = self._new("list")
        answer = {"type": "array", "items": self._object_reference(api, 0)}
        values = [self._new("VALUE") for _ in range(3)]
        api["paths"][f"/{name}"] = {
            "get": {
                "operationId": name,
                "parameters": [
                    self._parameter("kind", {"type": "string", "enum": values}),
                    self._parameter("most", {"type": "integer"}),
                ],
                "responses": {"200": {"description": "All.", "content": {"application/json": {"schema": answer}}}},
            }
        }

    def _parameter(self, what: str, schema: Any, *, required: bool = False) -> dict[str, Any]:
        return {"name": self._new(what), "in": "query", "required": required, "schema": schema}

    def documents(self) -> list[Asked]:
        """Return what the clients ask of it."""
        return [Asked(client, self._document()) for client in CLIENTS for _ in range(self._random.randint(0, 2))]

    def _document(self) -> str:
        operation = self._random.choice(list(self.api["paths"].values()))["get"]
        variables, given = [], []
        for parameter in operation["parameters"]:
            if self._random.random() < 0.5:
                values = parameter["schema"].get("enum")
                if values is None and self._random.random() < 0.5:
                    variables.append("$most: BigInt")
                    given.append(f"{parameter['name']}: $most")
                else:
                    given.append(f"{parameter['name']}: {self._random.choice(values) if values else 7}")
        arguments = f"({', '.join(given)})" if given else ""
        declared = f"({', '.join(variables)})" if variables else ""
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["items"]
        selected = self._selected(answer["$ref"])
        field = f"{operation['operationId']}{arguments} {selected}"
        return f"query {self._new('Ask')}{declared} {{ {self.name} {{ {field} }} }}"

    def _selected(self, reference: str) -> str:
        properties = self.api["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
        chosen = self._random.sample(list(properties), self._random.randint(1, len(properties)))
        inner = {name: self._selected(properties[name]["$ref"]) for name in chosen if "$ref" in properties[name]}
        return f"{{ {' '.join(f'{name} {inner.get(name, str())}'.strip() for name in chosen)} }}"

    def changed(self) -> Changed:
        """Return the document after one random change."""
        api = deepcopy(self.api)
        kind = self._random.choice(list(_CHANGES))
        return Changed(kind, api, _CHANGES[kind](self, api) or "")

    def _operation(self, api: Api) -> dict[str, Any]:
        found: dict[str, Any] = self._random.choice(list(api["paths"].values()))["get"]
        return found

    def _plain(self, api: Api) -> tuple[dict[str, Any], str]:
        """Choose a schema and one of its properties that holds no object."""
        schema = self._random.choice(list(api["components"]["schemas"].values()))
        return schema, self._random.choice([name for name, each in schema["properties"].items() if "$ref" not in each])

    def remove_property(self, api: Api) -> None:
        schema, name = self._plain(api)
        del schema["properties"][name]
        schema["required"] = [each for each in schema.get("required", []) if each != name]

    def retype_property(self, api: Api) -> str:
        schema, name = self._plain(api)
        schema["properties"][name] = {"type": "number"}
        return name

    def add_property(self, api: Api) -> None:
        self._plain(api)[0]["properties"][self._new("field")] = {"type": "string"}

    def remove_operation(self, api: Api) -> None:
        del api["paths"][self._random.choice(list(api["paths"]))]

    def add_operation(self, api: Api) -> None:
        self._add_operation(api)

    def remove_parameter(self, api: Api) -> None:
        self._operation(api)["parameters"].pop(self._random.randint(0, 1))

    def require_parameter(self, api: Api) -> None:
        self._operation(api)["parameters"].append(self._parameter("day", {"type": "integer"}, required=True))

    def add_parameter(self, api: Api) -> None:
        self._operation(api)["parameters"].append(self._parameter("day", {"type": "integer"}))

    def remove_value(self, api: Api) -> None:
        values = self._operation(api)["parameters"][0]["schema"]["enum"]
        values.pop(self._random.randrange(len(values)))


_CHANGES: dict[str, Callable[[Stub, Api], str | None]] = {
    name: getattr(Stub, name)
    for name in (
        "remove_property",
        "retype_property",
        "add_property",
        "remove_operation",
        "add_operation",
        "remove_parameter",
        "require_parameter",
        "add_parameter",
        "remove_value",
    )
}


def stubs(count: int) -> Iterator[Stub]:
    """Yield so many systems, the same ones every time."""
    return (Stub(number) for number in range(count))
