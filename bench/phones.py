"""The SMS gateway of the platform under benchmark, and browsers that sign in with the codes that it was given."""

import html
import re

import aiohttp
import msgspec
from aiohttp import web

from adapters.signed_json import SigningKey, check_request, signature
from adapters.web.wire import SmsAccepted, SmsRequest
from bench.machine import BenchError
from kernel.clock import SystemClock

KEY = SigningKey("bench", b"no secret")
PATH = "/sms"
_FORM = re.compile(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", re.DOTALL)
_HIDDEN = re.compile(r"type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")


class SmsGateway:
    """Takes messages (``adapters.web.sms`` has the wire) and keeps the latest code of each number."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    async def start(self, port: int) -> web.AppRunner:
        """Serve on the loopback interface; the caller cleans the runner up."""
        app = web.Application()
        app.router.add_post(f"{PATH}/messages", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        nonce = check_request(KEY, ("POST", request.path), request.headers, body, SystemClock())
        sms = msgspec.json.decode(body, type=SmsRequest)
        self.codes[sms.to] = sms.values["code"]
        answer = msgspec.json.encode(SmsAccepted(sms.id))
        return web.Response(status=202, body=answer, headers={"x-signature": signature(KEY, nonce, "202", body=answer)})


class Browser:
    """A resident's browser: its cookies, and the platform's redirects and forms."""

    def __init__(self, client: aiohttp.ClientSession, cookies: dict[str, str] | None = None) -> None:
        self._client = client
        self._cookies = cookies or {}

    async def open(self, url: str, form: dict[str, str] | None = None) -> str:
        """Return the page that a URL, or a form sent to it, leads to; or the site's URL that it leads back to."""
        while True:
            headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
            method = "GET" if form is None else "POST"
            async with self._client.request(method, url, data=form, headers=headers, allow_redirects=False) as answer:
                self._cookies |= {name: morsel.value for name, morsel in answer.cookies.items()}
                location = answer.headers.get("location", "")
                if not location:
                    return await answer.text()
            if not location.startswith("/"):
                return location
            url, form = location, None

    async def submit(self, page: str, **values: str) -> str:
        """Fill in and send a page's first form. Raises BenchError if it has none."""
        found = _FORM.search(page)
        if found is None:
            raise BenchError(f"a page has no form: {page[:2000]}")
        return await self.open(html.unescape(found[1]), dict(_HIDDEN.findall(found[2])) | values)
