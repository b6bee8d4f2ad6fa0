"""A GraphQL client on one connection, for single questions."""

import http.client
import json
from types import TracebackType
from typing import Any, Self


class Client:
    """Asks the gateway at a port of this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(self, query: str) -> dict[str, Any]:
        """Return the answer to a query without variables."""
        headers = {"content-type": "application/json", "accept": "application/json"}
        self._connection.request("POST", "/graphql", json.dumps({"query": query}), headers)
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer
