"""WeChat's paths as Litestar routes: everything is answered with status 200, refusals too."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from adapters.sandbox.wechat.apps import Refusal
from adapters.sandbox.world import World

Answer = Mapping[str, Any] | bytes  # JSON or an image
Ask = Callable[[Mapping[str, str], bytes], Answer]  # query, body

_BUSY = Refusal(-1, "system error")
_BROKEN = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class Path(Struct, frozen=True):
    """One path of the interface. Faults are planned at ``wechat.<name>``, the path's last part."""

    method: Literal["GET", "POST"]
    path: str
    ask: Ask

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def route(world: World, path: Path, slow_seconds: float) -> HTTPRouteHandler:
    """Make a route below ``/wechat``.

    Of the faults, ``unavailable`` refuses with -1, ``error_after_work`` answers 502 and ``slow`` answers after
    ``slow_seconds``, both with the work done.
    """
    world.offer_faults(f"wechat.{path.name}", "unavailable", "error_after_work", "slow", "late")

    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        fault = world.take_fault(f"wechat.{path.name}")
        answer: Answer
        try:
            if fault == "unavailable":
                raise _BUSY
            answer = path.ask(dict(request.query_params.items()), await request.body())
        except Refusal as refusal:
            answer = {"errcode": refusal.code, "errmsg": f"{refusal.text} rid: {world.token(8)}-{world.token(8)}"}
        world.note("wechat", path.name, _summary(answer))
        if fault == "error_after_work":
            return Response(_BROKEN, status_code=502, media_type="text/html")
        if fault in {"slow", "late"}:
            await asyncio.sleep(slow_seconds)
        if isinstance(answer, bytes):
            return Response(answer, status_code=200, media_type="image/png")
        return Response(msgspec.json.encode(answer), status_code=200, media_type="application/json")

    return HTTPRouteHandler(f"/wechat{path.path}", http_method=path.method, status_code=200)(handler)


def _summary(answer: Answer) -> str:
    return "image" if isinstance(answer, bytes) else str(answer.get("errcode", 0))
