"""The mock's ASGI side, called as a server calls it."""

from typing import Any

import msgspec

from cli.mock_http import MockApplication
from tests.mock.test_service import mock_of


async def _get(application: MockApplication, path: str) -> tuple[int, Any]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    await application(scope, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


async def test_what_cannot_be_answered_is_said_in_the_answer() -> None:
    """JSON has no text for a lone surrogate, and the pattern allows nothing else."""
    schema = {"type": "string", "pattern": r"^[\ud800-\ud8ff]+$"}
    operation = {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}
    status, body = await _get(MockApplication({"api": mock_of({"get": operation})}), "/lots")
    assert status == 500
    assert "no answer could be made: UnicodeEncodeError" in body["detail"]
