"""WeChat's message push: 5 seconds to answer, three attempts, plain or in the secure mode."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec

from adapters.push import PushCipher, push_signature
from adapters.sandbox.wechat.apps import PushTarget, SimulatedApp
from adapters.sandbox.world import World

_ATTEMPTS = 3
_TAKEN = (b"", b"success")
_WHERE = "wechat.push"


class Pushing:
    """Sends what happens to the apps' own servers. ``seconds`` is how long WeChat waits, and until it tries again."""

    def __init__(self, world: World, seconds: float) -> None:
        self._world = world
        self._seconds = seconds
        self._held: list[tuple[SimulatedApp, Mapping[str, Any]]] = []
        world.offer_faults(_WHERE, "late", "slow", "twice", "never", "out_of_order", "bad_signature")

    def push(self, app: SimulatedApp, message: Mapping[str, Any]) -> None:
        """Have a message sent later, or not, as the planned faults want it."""
        fault = self._world.take_fault(_WHERE)
        if fault == "never":
            self._world.note("wechat", "push", "lost")
        elif fault == "out_of_order":
            self._held.append((app, message))
        else:
            times = 2 if fault == "twice" else 1
            late = self._seconds * _ATTEMPTS if fault in {"late", "slow"} else 0.0
            due = [(app, message)] * times + self._held
            self._held = []
            self._world.spawn(self._deliver(due, late, forged=fault == "bad_signature"))

    async def check_address(self, app: SimulatedApp) -> bool:
        """Ask the app's server as the console does before it takes its address."""
        if app.push is None:
            return False
        timestamp, nonce = self._stamp()
        signature = push_signature(app.push.token, timestamp, nonce)
        echo = self._world.token()
        query = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
        return await self._said("GET", f"{app.push.url}?{urlencode(query)}", b"") == echo.encode()

    async def _deliver(self, due: list[tuple[SimulatedApp, Mapping[str, Any]]], late: float, *, forged: bool) -> None:
        await asyncio.sleep(late)
        for app, message in due:
            if app.push is not None:
                await self._attempts(app, app.push, message, forged=forged)

    async def _attempts(
        self, app: SimulatedApp, target: PushTarget, message: Mapping[str, Any], *, forged: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        for attempt in range(1, _ATTEMPTS + 1):
            started = loop.time()
            query, body = self._written(app, target, message, forged=forged)
            said = await self._said("POST", f"{target.url}?{urlencode(query)}", body)
            taken = said in _TAKEN or (said is not None and b'"Encrypt"' in said)
            self._world.note("wechat", f"push, attempt {attempt}", "taken" if taken else "not taken")
            if taken:
                return
            if attempt < _ATTEMPTS:
                await asyncio.sleep(max(0.0, started + self._seconds - loop.time()))

    def _written(
        self, app: SimulatedApp, target: PushTarget, message: Mapping[str, Any], *, forged: bool
    ) -> tuple[dict[str, str], bytes]:
        """Return query and body. A forged message has a valid ``signature`` over other things than its body."""
        timestamp, nonce = self._stamp()
        clear = msgspec.json.encode(message)
        query = {
            "signature": push_signature(target.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "openid": str(message.get("FromUserName", "")),
        }
        if not target.secure:
            return query, clear
        sealed = PushCipher(target.token, target.key, app.app_id).reply(clear, timestamp, nonce, self._world.bytes(16))
        signature = query["signature"] if forged else sealed.signature
        query |= {"encrypt_type": "aes", "msg_signature": signature}
        return query, msgspec.json.encode({"ToUserName": message.get("ToUserName", ""), "Encrypt": sealed.encrypted})

    async def _said(self, method: str, url: str, body: bytes) -> bytes | None:
        """Return the answer's body, None if there is none of status 200 in time."""
        json = {"content-type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._seconds)) as session,
                session.request(method, url, data=body or None, headers=json, allow_redirects=False) as answer,
            ):
                return await answer.read() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._world.note("wechat", "push", type(error).__name__)
            return None

    def _stamp(self) -> tuple[str, str]:
        return str(int(self._world.clock.now().timestamp())), self._world.token(10)
