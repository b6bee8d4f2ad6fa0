"""Notices of the simulated Alipay: posted until the answer is exactly ``success``, at Alipay's own intervals, faster.

Faults at ``alipay.callback``: late, twice, never, out_of_order (after the next one), bad_signature (once).
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from adapters import rsa
from adapters.alipay.signing import signing_string
from adapters.errors import HostUnavailableError, OutcomeUnknownError
from adapters.http import HostHttp
from adapters.sandbox.alipay.console import Console, SimulatedApp
from adapters.sandbox.world import Fault, World

_AGAIN_AFTER_SECONDS = (240, 600, 600, 3600, 7200, 21600, 54000)  # after the first: 8 deliveries within 25 hours
_Sent = tuple[str, dict[str, str], dict[str, str]]  # where to, what is sent first, and what afterwards
_FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


class Notices:
    """Sends notices. ``pace`` is how many real seconds a second of Alipay's schedule takes."""

    def __init__(self, world: World, console: Console, http: HostHttp, pace: float) -> None:
        self._world = world
        self._console = console
        self._http = http
        self._pace = pace
        self._held: list[_Sent] = []
        world.offer_faults("alipay.callback", "late", "twice", "never", "out_of_order", "bad_signature")

    def send(self, url: str, app: SimulatedApp, fields: Mapping[str, str], *, keeps_sign_type: bool = False) -> None:
        """Send a notice from now on; the platform's messages are signed with their ``sign_type``, trades' without."""
        fault = self._world.take_fault("alipay.callback")
        notice = self.signed(app, fields, keeps_sign_type=keeps_sign_type)
        first = notice | {"sign": notice["sign"][::-1]} if fault == "bad_signature" else notice
        if fault == "never":
            self._world.note("alipay", f"notice {notice['notify_id']}", "never sent")
        elif fault == "out_of_order":
            self._held.append((url, first, notice))
        else:
            held, self._held = self._held, []
            self._world.spawn(self._deliver_in_order([(url, first, notice), *held], fault))

    def signed(self, app: SimulatedApp, fields: Mapping[str, str], *, keeps_sign_type: bool = False) -> dict[str, str]:
        """Return a notice with its signature; empty fields are left out."""
        clear = {name: value for name, value in fields.items() if value} | {"sign_type": "RSA2", "charset": "utf-8"}
        without = ("sign",) if keeps_sign_type else ("sign", "sign_type")
        key = self._console.signing_key(app)[0]
        return clear | {"sign": rsa.sign(key, signing_string(clear, *without).encode())}

    async def _deliver_in_order(self, notices: list[_Sent], fault: Fault | None) -> None:
        newest, *held = notices
        if fault == "late":
            await asyncio.sleep(_AGAIN_AFTER_SECONDS[0] * self._pace)
        await asyncio.gather(*(self._deliver(*newest) for _ in range(2 if fault == "twice" else 1)))
        for each in held:
            await self._deliver(*each)

    async def _deliver(self, url: str, first: dict[str, str], notice: dict[str, str]) -> None:
        body = first
        for pause in (*_AGAIN_AFTER_SECONDS, None):
            said = await self._post(url, body)
            self._world.note("alipay", f"notice {notice['notify_id']}", said)
            if said == "success" or pause is None:
                return
            body = notice
            await asyncio.sleep(pause * self._pace)

    async def _post(self, url: str, notice: Mapping[str, str]) -> str:
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        receiver = self._http.at(f"{parts.scheme}://{parts.netloc}", "the app")
        try:
            answer = await receiver.send("POST", target, urlencode(notice).encode(), _FORM)
        except (HostUnavailableError, OutcomeUnknownError) as error:
            return error.message
        if answer.status == 200 and answer.body == b"success":
            return "success"
        return f"HTTP {answer.status}, not exactly success: sent again"
