"""Which operation a request is for: path templates, the most concrete first."""

import re
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from supergraph.openapi.document import ApiOperation


class Route(Struct, frozen=True):
    """An operation's path as an expression; ``fixed`` is the query that some documents write into a path."""

    operation: ApiOperation
    expression: re.Pattern[str]
    names: tuple[str, ...]
    fixed: frozenset[tuple[str, str]]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the path parameters, still with ``%2F`` for slashes inside them turned into slashes."""
        found = self.expression.fullmatch(path)
        if found is None:
            return None
        return {name: text.replace("%2F", "/") for name, text in zip(self.names, found.groups(), strict=True)}


class Routes:
    """The operations of one document below its base path."""

    def __init__(self, operations: tuple[ApiOperation, ...], base: str) -> None:
        self._base = base.rstrip("/")
        self._routes = sorted(map(_route, operations), key=_concreteness)

    def find(self, path: str, query: str) -> list[tuple[Route, dict[str, str]]]:
        """Return the routes of a raw path with their parameters, best first, whatever their method.

        The document's base path may stand before the path or be left out.
        """
        given = frozenset(parse_qsl(query, keep_blank_values=True))
        readable = unquote(re.sub("%2[fF]", "%252F", path)) or "/"
        candidates = [readable.removeprefix(self._base)] if readable.startswith(self._base + "/") else []
        return [
            (route, parameters)
            for candidate in dict.fromkeys([*candidates, readable])
            for route in self._routes
            if route.fixed <= given and (parameters := route.match(candidate)) is not None
        ]


def _route(operation: ApiOperation) -> Route:
    path, _, query = operation.path.partition("#")[0].partition("?")
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(\{[^{}]*\})", path):
        if part.startswith("{"):
            names.append(part[1:-1])
            pattern += "([^/]+?)"
        else:
            pattern += re.escape(unquote(part))
    fixed = frozenset(pair for pair in parse_qsl(query, keep_blank_values=True) if "{" not in pair[1])
    return Route(operation, re.compile(pattern, re.DOTALL), tuple(names), fixed)


def _concreteness(route: Route) -> tuple[tuple[tuple[bool, int], ...], int]:
    """Order routes so that ``/lots/nearest`` stands before ``/lots/{id}``, and that after ``/lots/{id},{bay}``."""
    parts = route.operation.path.split("/")
    return tuple(("{" in part, -len(re.sub(r"\{[^{}]*\}", "", part))) for part in parts), -len(route.fixed)
