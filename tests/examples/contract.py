"""Is an answer what its document says? Checked with jsonschema, for OpenAPI 3.1, 3.0 and Swagger 2.0."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

FORMATS = FormatChecker(["date", "email", "uuid", "ipv4", "ipv6"])


@FORMATS.checks("date-time", raises=ValueError)
def is_instant(value: object) -> bool:
    return not isinstance(value, str) or dt.datetime.fromisoformat(value).utcoffset() is not None


class Contract:
    """A department's document."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.used: set[tuple[str, str]] = set()

    @property
    def operations(self) -> set[tuple[str, str]]:
        return {
            (method.upper(), path)
            for path, item in self.document["paths"].items()
            for method in item.keys() & {"get", "post", "put", "patch", "delete"}
        }

    def check(self, method: str, target: str, status: int, media_type: str, body: Any) -> None:
        template = self._template(target.partition("?")[0])
        self.used.add((method, template))
        responses = self.document["paths"][template][method.lower()]["responses"]
        assert str(status) in responses, f"{method} {template} documents no {status}"
        response = self._resolved(responses[str(status)])
        if "swagger" in self.document:
            content = {"": {"schema": response["schema"]}} if "schema" in response else {}
            expected = "application/problem+json" if status >= 400 else self.document["produces"][0]
        else:
            content = response.get("content", {})
            expected = next(iter(content), "")
        if not content:
            assert body is None
            return
        assert media_type.partition(";")[0] == expected
        schema = plain({**next(iter(content.values()))["schema"], **self._definitions()})
        Draft202012Validator(schema, format_checker=FORMATS).validate(body)

    def _template(self, path: str) -> str:
        path = path.removeprefix(self.document.get("basePath", ""))
        for template in sorted(self.document["paths"], key=lambda each: each.count("{")):
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
                return str(template)
        raise AssertionError(f"the document has no path for {path}")

    def _definitions(self) -> dict[str, Any]:
        return {key: self.document[key] for key in ("components", "definitions") if key in self.document}

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in value:
            return value
        found: Any = self.document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def plain(schema: Any) -> Any:
    """Rewrite OpenAPI 3.0's ``nullable`` and Swagger 2.0's ``x-nullable`` as JSON Schema."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    rewritten = {key: plain(value) for key, value in schema.items() if key not in ("nullable", "x-nullable")}
    if schema.get("nullable") is True or schema.get("x-nullable") is True:
        return {"anyOf": [rewritten, {"type": "null"}]}
    return rewritten
