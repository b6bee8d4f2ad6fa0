"""The description of parking's paths is that of the routes, and its schemas are some."""

import re

from jsonschema import Draft202012Validator
from litestar.handlers import HTTPRouteHandler

from gateway.http.parking.routes import parking_routes
from tests.parking.town import Town


def _paths(handlers: list[HTTPRouteHandler]) -> set[tuple[str, str]]:
    return {
        (method.lower(), path.replace(":uuid", ""))
        for handler in handlers
        for path in handler.paths
        for method in handler.http_methods
        if method not in ("OPTIONS", "HEAD")
    }


async def test_the_document_has_the_routes(town: Town) -> None:
    answer = await town.client.get("/parking/openapi.json")
    described = answer.json()
    there = {(method, path) for path, methods in described["paths"].items() for method in methods}
    served = _paths(parking_routes(town.database, town.gateway.environment))
    assert there == served - {("get", "/parking/openapi.json")}
    names = described["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text)) <= names.keys()
    for schema in names.values():
        Draft202012Validator.check_schema(schema)
    ids = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]
    assert len(ids) == len(set(ids))
    place = {"$ref": "#/components/schemas/Place", "components": described["components"]}
    listed = (await town.client.get("/parking/places")).json()["items"]
    for each in listed:
        Draft202012Validator(place).validate(each)
