"""The HTTP side of the simulated Baidu: forms alone, app tokens, and what goes wrong on purpose."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct, structs

from adapters.sandbox.baidu.behaviour import Behaviour
from adapters.sandbox.baidu.refusal import RefusalError, gateway
from adapters.sandbox.world import Fault, World

HOST = "baidu"
FAULTS: tuple[Fault, ...] = ("unavailable", "error_after_work", "slow")

_PREFIX = "/baidu"
_FORM = "application/x-www-form-urlencoded"


class Call(Struct, frozen=True):
    """What was asked: everything of the query and the form, and which app's token came with it ("" for none).

    ``base`` is the address of this server.
    """

    values: Mapping[str, str]
    app_key: str = ""
    base: str = ""

    def get(self, name: str) -> str:
        return self.values.get(name, "")


Operation = Callable[[Call], object]
Answered = Callable[[Call], dict[str, Any]]


class Front:
    """Serves operations; ``owner`` tells whose an app token is, or raises RefusalError."""

    def __init__(self, world: World, behaviour: Behaviour, owner: Callable[[str], str]) -> None:
        self._world = world
        self._behaviour = behaviour
        self._owner = owner

    def serve(
        self, methods: tuple[str, ...], path: str, name: str, operation: Operation, text_field: str = "errmsg"
    ) -> HTTPRouteHandler:
        """Return a handler of a call that needs an app token; ``name`` is the operation's in faults and events.

        An operation returns what goes into the envelope, whose text is in ``text_field``.
        """

        def answer(call: Call) -> dict[str, Any]:
            app_key = self._owner(call.get("access_token"))
            return {"errno": 0, text_field: "success", "data": operation(structs.replace(call, app_key=app_key))}

        return self.serve_all(methods, path, name, answer)

    def serve_all(self, methods: tuple[str, ...], path: str, name: str, answer: Answered) -> HTTPRouteHandler:
        """Return a handler of a call that needs no app token, with an envelope of its own."""
        place = f"{HOST}.{name}"
        self._world.offer_faults(place, *FAULTS)

        async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
            fault = self._world.take_fault(place)
            if fault == "unavailable":
                self._world.note(HOST, name, "HTTP 503, nothing done")
                return Response(b"<html>503</html>", status_code=503, media_type="text/html")
            said = await _said(request, answer)
            if fault == "error_after_work":
                said = {"errno": 10003, "msg": "system error", "data": []}
            self._world.note(HOST, name, str(said.get("errno") or said.get("error_code") or said.get("error") or "ok"))
            if fault == "slow":
                await asyncio.sleep(self._behaviour.slow_seconds)
            content = msgspec.json.encode({"request_id": self._world.token(10), **said})
            return Response(content, status_code=200, media_type="application/json")

        declare = route(f"{_PREFIX}{path}", http_method=list(methods), include_in_schema=False)  # type: ignore[arg-type]  # a method is a word
        return declare(handle)


async def _said(request: Request[Any, Any, Any], answer: Answered) -> dict[str, Any]:
    try:
        query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
        form = {} if request.method == "GET" else _form(request.headers, await request.body())
        return answer(Call(query | form, base=f"{str(request.base_url).rstrip('/')}{_PREFIX}"))
    except RefusalError as refusal:
        return refusal.envelope


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if headers.get("content-type", "").partition(";")[0] != _FORM:
        raise gateway(100, "Invalid parameter")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise gateway(100, "Invalid parameter") from error
