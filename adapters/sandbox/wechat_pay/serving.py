"""The HTTP side of the simulated WeChat Pay: what is checked before an operation, what goes wrong after it.

What is signed is the path from ``/v3`` on, so that clients of an origin with a prefix need no exception.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from adapters.sandbox.wechat_pay.behaviour import Behaviour, happens
from adapters.sandbox.wechat_pay.gate import Call, check
from adapters.sandbox.wechat_pay.keys import PlatformKeys
from adapters.sandbox.wechat_pay.refusal import RefusalError
from adapters.sandbox.world import Fault, World

HOST = "wechat_pay"

Operation = Callable[[Call], object]

_SECOND = timedelta(seconds=1)


class Front:
    """Serves operations at paths below ``prefix``. An operation returns what to encode, or None for 204."""

    def __init__(self, world: World, keys: PlatformKeys, behaviour: Behaviour, prefix: str) -> None:
        self._world = world
        self._keys = keys
        self._behaviour = behaviour
        self._prefix = prefix
        self._recent: deque[datetime] = deque()

    def serve(self, method: str, path: str, name: str, operation: Operation) -> HTTPRouteHandler:
        """Return a handler; ``name`` is the operation's in faults and events."""
        self._world.offer_faults(
            f"{HOST}.{name}", "unavailable", "restricted", "error_after_work", "slow", "bad_signature"
        )

        async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await self._answer(await self._call(request), name, operation)

        declare = route(f"{self._prefix}{path}", http_method=[method], include_in_schema=False)  # type: ignore[list-item]  # a method is a word
        return declare(handle)

    async def _call(self, request: Request[Any, Any, Any]) -> Call:
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        path = raw.decode("ascii", "replace").partition("?")[0].removeprefix(self._prefix)
        query = request.scope["query_string"].decode("latin-1")
        return Call(
            request.method,
            f"{path}?{query}" if query else path,
            dict(request.headers.items()),
            await request.body(),
            request.path_params,
            dict(request.query_params),
        )

    async def _answer(self, call: Call, name: str, operation: Operation) -> Response[bytes]:
        fault = self._world.take_fault(f"{HOST}.{name}")
        if fault == "unavailable":
            self._world.note(HOST, name, "HTTP 503, nothing done")
            return Response(b"<html>503</html>", status_code=503, media_type="text/html")
        try:
            self._admit(call)
            if fault == "restricted":
                raise RefusalError(403, "NO_AUTH", "商户号该产品权限被限制")  # noqa: TRY301 - one place writes refusals
            status, body = _success(operation(call))
        except RefusalError as refusal:
            status, body = refusal.status, refusal.body()
        if fault == "error_after_work" and status < 400:
            status, body = 500, RefusalError(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用").body()
        self._world.note(HOST, name, f"HTTP {status}")
        if fault == "slow":
            await asyncio.sleep(self._behaviour.slow_seconds)
        return Response(body, status_code=status, headers=self._headers(call, status, body, fault))

    def _admit(self, call: Call) -> None:
        now = self._world.clock.now()
        check(call, self._keys.merchant, now.timestamp())
        while self._recent and now - self._recent[0] >= _SECOND:
            self._recent.popleft()
        if len(self._recent) >= self._behaviour.most_requests_per_second:
            raise RefusalError(429, "FREQUENCY_LIMITED", "频率超限")
        self._recent.append(now)
        serial = call.headers.get("wechatpay-serial", "")
        if serial and not self._keys.knows(serial):
            raise RefusalError(400, "PARAM_ERROR", "Http头Wechatpay-Serial中的序列号有误")

    def _headers(self, call: Call, status: int, body: bytes, fault: Fault | None) -> dict[str, str]:
        """Sign with the key that the merchant asks for, else with the newest certificate; never a SIGN_ERROR."""
        headers = {"content-type": "application/json; charset=utf-8", "request-id": self._world.token(32)}
        if status == 401:
            return headers
        probe = fault == "bad_signature" or happens(self._behaviour.reply_probe_share, self._world.bytes)
        wanted = call.headers.get("wechatpay-serial", "")
        serial = wanted if self._keys.knows(wanted) else self._keys.certificates[-1].serial
        return headers | self._keys.sign(body, serial, probe=probe)


def _success(content: object) -> tuple[int, bytes]:
    if content is None:
        return 204, b""
    if isinstance(content, InProgress):
        return 202, RefusalError(202, "USERPAYING", "用户支付中，需要输入密码").body()
    return 200, msgspec.json.encode(content)


class InProgress(msgspec.Struct):
    """What an operation returns while the payer is at it: 202, USERPAYING."""
