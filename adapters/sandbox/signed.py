"""The server side of ``adapters.signed_json``, with what can be made to go wrong at any of its doors."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from msgspec import Struct

from adapters.errors import SignatureRefusedError
from adapters.sandbox.world import Fault, World
from adapters.signed_json import WINDOW, Refusal, SigningKey, check_request, signature

AnyRequest = Request[Any, Any, Any]
Work = Callable[[bytes, Fault | None], "Answer"]
ANSWER_FAULTS: tuple[Fault, ...] = ("bad_signature", "error_after_work", "slow", "unavailable")

_T = TypeVar("_T")


class Answer(Struct, frozen=True):
    """What a door answers before it is signed."""

    status: int
    content: Struct


class RefusedError(Exception):
    """Raised by work to answer with a refusal."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.answer = Answer(status, Refusal(code, message, field))


class SignedDoors:
    """The doors of one simulated service. ``slow_seconds`` is longer than its clients wait."""

    def __init__(self, world: World, key: SigningKey, service: str, *, slow_seconds: float = 6.0) -> None:
        self._world = world
        self._key = key
        self._service = service
        self._slow_seconds = slow_seconds
        self._nonces: dict[str, datetime] = {}

    async def answer(self, request: AnyRequest, where: str, work: Work) -> Response[bytes]:
        """Check a request, do ``work`` with its body and the fault that is due at ``where``, and sign the answer."""
        body = await request.body()
        target = _target(request)
        try:
            nonce = check_request(self._key, (request.method, target), request.headers, body, self._world.clock)
            self._use(nonce)
        except SignatureRefusedError as error:
            self._world.note(self._service, where, f"401 {error.message}")
            return _response(401, msgspec.json.encode(Refusal("signature", f"{error.message}. {error.fix}")))
        fault = self._world.take_fault(where)
        if fault == "unavailable":
            answer = Answer(503, Refusal("unavailable", "Out of order"))
        else:
            answer = _work(work, body, fault)
        if fault == "slow":
            await asyncio.sleep(self._slow_seconds)
        if fault == "error_after_work":
            answer = Answer(500, Refusal("internal", "Something went wrong"))
        self._world.note(self._service, where, f"{answer.status}{f', {fault}' if fault else ''}")
        return self._signed(answer, nonce, forged=fault == "bad_signature")

    def _use(self, nonce: str) -> None:
        now = self._world.clock.now()
        self._nonces = {each: at for each, at in self._nonces.items() if abs(now - at) <= 2 * WINDOW}
        if nonce in self._nonces:
            raise SignatureRefusedError("x-nonce was used before", fix="Take a fresh one for every request.")
        self._nonces[nonce] = now

    def _signed(self, answer: Answer, nonce: str, *, forged: bool) -> Response[bytes]:
        body = msgspec.json.encode(answer.content)
        signed = signature(self._key, nonce, str(answer.status), body=b"another body" if forged else body)
        return _response(answer.status, body, {"x-signature": signed})


def decoded(body: bytes, type_: type[_T]) -> _T:
    """Return a request's body. Raises RefusedError."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.DecodeError as error:
        raise RefusedError(400, "body", f"The body is not what is expected here: {error}") from error


def _work(work: Work, body: bytes, fault: Fault | None) -> Answer:
    try:
        return work(body, fault)
    except RefusedError as refused:
        return refused.answer


def _target(request: AnyRequest) -> str:
    """The target as it was sent, which is what is signed."""
    scope: Any = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace").partition("?")[0]
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _response(status: int, body: bytes, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(body, status_code=status, media_type="application/json", headers=headers)
