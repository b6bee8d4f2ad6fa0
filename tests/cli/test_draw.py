"""``yiwang draw verify``: what it says to whoever has mistyped something, and what of a draw that is wrong."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.draw import verify
from flows.appointments.draw.ranking import commitment_of, ranked
from flows.appointments.errors import UnknownDrawError
from gateway.http.refusing import error_body
from tests.served import served

SEED = bytes(range(16))
OPENS = datetime(2026, 12, 1, 1, tzinfo=UTC).isoformat()
DRAW = {
    "release": "a.1", "service": "a", "opens_at": OPENS, "closes_at": OPENS, "commitment": commitment_of(SEED),
    "seed": SEED.hex(), "entries": ranked(SEED, ["a", "b", "c"]),
}  # fmt: skip


def checked(*words: str) -> Result:
    return CliRunner().invoke(verify, words)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "draw.json"
    path.write_text(json.dumps(DRAW))
    return str(path)


def test_a_receipt_that_is_not_there_is_no_draw_that_is_wrong(file: str) -> None:
    result = checked(file, "--receipt", "abc", "--receipt", "b")
    assert result.exit_code == 1
    assert result.stdout.startswith("a.1: 3 entries, in the order that the committed seed gives.\nb: rank ")
    assert "The draw itself is right, but has no entry abc." in result.stderr
    assert "copied whole" in result.stderr
    assert "not as it should be" not in result.output


def test_a_draw_that_is_wrong_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "draw.json"
    path.write_text(json.dumps(DRAW | {"seed": "00" * 16}))
    result = checked(str(path))
    assert (result.exit_code, "The draw a.1 is not as it should be." in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            json.dumps(error_body(UnknownDrawError("There is no draw 'b'", fix="Look at the graph."))).encode(),
            "/draw answers 404: There is no draw 'b'.\n  Look at the graph.\n",
            id="a platform",
        ),
        pytest.param(b"Nothing here", "/draw answers 404: Nothing here\n", id="anything else"),
    ],
)
async def test_who_asks_for_a_draw_that_is_not_there_reads_why(body: bytes, said: str) -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"application/json")]})  # type: ignore[operator]  # ASGI's
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]  # as above

    async with served(app) as address:
        result = await asyncio.to_thread(checked, f"{address}/draw")
    assert result.exit_code == 1
    assert result.stderr.endswith(said)
