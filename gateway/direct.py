"""How a path that no framework stands before is reached under another ASGI server than ours."""

from typing import Any

from kernel.http_server.request import Handler


async def carry(handler: Handler, scope: Any, receive: Any, send: Any, most_bytes: int) -> None:
    """Call a direct path's handler from ASGI; it refuses a body that goes beyond its limit."""
    body = bytearray()
    more = True
    while more and len(body) <= most_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, headers, answer = await handler(scope["method"], scope["query_string"], dict(scope["headers"]), bytes(body))
    headers.append((b"content-length", b"%d" % len(answer)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
