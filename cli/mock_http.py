"""The mock's HTTP side: an ASGI application over generated answers, with an index page and CORS for browsers."""

import html
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from supergraph.mock.request import Call
from supergraph.mock.service import MockService, Reply, problem

Log = Callable[[str], None]
_MAX_BODY_BYTES = 16 * 2**20
_CORS = (
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "*"),
    ("access-control-allow-headers", "*"),
)


class MockApplication:
    """Serves one document at its own paths, or several below ``/<name>``."""

    def __init__(self, services: Mapping[str, MockService], log: Log | None = None) -> None:
        self._services = services
        self._log = log

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        started = time.perf_counter()
        body = bytearray()
        more = True
        while more and len(body) <= _MAX_BODY_BYTES:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        call = _call(scope, bytes(body))
        reply = self._replied(call) if len(body) <= _MAX_BODY_BYTES else problem(413, f"over {_MAX_BODY_BYTES:,} bytes")
        headers = [*reply.headers, *_CORS]
        if reply.media_type:
            headers += [("content-type", reply.media_type), ("content-length", str(len(reply.body)))]
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else reply.body})
        if self._log is not None:
            milliseconds = (time.perf_counter() - started) * 1000
            target = f"{call.path}?{call.query}" if call.query else call.path
            self._log(f"{time.strftime('%H:%M:%S')} {call.method} {target} {reply.status} {milliseconds:.1f} ms")

    def _replied(self, call: Call) -> Reply:
        """Answer; what a document makes impossible, in whatever way, is its request's problem alone."""
        try:
            return self.reply(call)
        except Exception as error:  # noqa: BLE001 - documents come from anywhere; the reason is in the answer
            return problem(500, f"no answer could be made: {type(error).__name__}: {error}")

    def reply(self, call: Call) -> Reply:
        """Find the document of a request and let it answer."""
        if call.method == "OPTIONS":
            return Reply(204)
        if len(self._services) == 1:
            (service,) = self._services.values()
            reply = service.reply(call)
            return self._index() if reply.status == 404 and call.path == "/" else reply
        name, _, rest = call.path.removeprefix("/").partition("/")
        if name in self._services:
            return self._services[name].reply(Call(call.method, f"/{rest}", call.query, call.headers, call.body))
        return problem(404, f"no document is served below /{name}; / lists them") if name else self._index()

    def _index(self) -> Reply:
        return Reply(200, "text/html; charset=utf-8", "".join(self._page()).encode())

    def _page(self) -> Iterator[str]:
        yield "<!doctype html><meta charset=utf-8><title>yiwang mock</title>"
        yield "<style>body{font:15px system-ui;margin:2em}code{white-space:pre}td{padding:0 1em 0 0}</style>"
        for name, service in self._services.items():
            document = service.document
            base = "" if len(self._services) == 1 else f"/{name}"
            yield f"<h2>{html.escape(document.title or name)} {html.escape(document.version)}</h2><table>"
            for operation in document.operations:
                path, text = html.escape(base + operation.path), html.escape(operation.summary)
                shown = f'<a href="{path}">{path}</a>' if operation.method == "GET" and "{" not in path else path
                yield f"<tr><td>{operation.method}<td><code>{shown}</code><td>{text}"
            yield "</table>"


def _call(scope: dict[str, Any], body: bytes) -> Call:
    raw = scope.get("raw_path") or scope["path"].encode()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Call(
        scope["method"],
        raw.decode("ascii", "replace").partition("?")[0],
        scope["query_string"].decode("latin-1"),
        headers,
        body,
    )
