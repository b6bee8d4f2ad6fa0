"""A platform as departments see it: keys at a URL, and assertions signed by them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from auth.assertions import TYPE

ISSUER = "https://yunzhou.example"


class Platform:
    """``jwks`` is what it publishes now; ``asked`` counts how often that was read."""

    def __init__(self) -> None:
        self.asked = 0
        self.url = ""
        self.key = ECKey.generate_key("P-256", {"kid": "first"})
        self.jwks: object = {"keys": [public(self.key)]}

    @property
    def options(self) -> tuple[str, ...]:
        """What a department is started with."""
        return "--trust", ISSUER, "--keys", self.url

    def said(self, service: str, sub: str = "resident-1", acr: str = "L3", **changed: Any) -> str:
        """Sign an assertion as the gateway does, with other claims if any are given."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": f"service:{service}", "sub": sub, "iat": now, "exp": now + 60, "acr": acr}
        claims |= {"auth_time": now, "channel": "wechat"} | changed
        header = {"alg": "ES256", "typ": TYPE, "kid": str(self.key.kid)}
        return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, self.key)


def public(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.kid, "alg": "ES256", "use": "sig"}


@contextmanager
def platform() -> Iterator[Platform]:
    """Serve a platform's keys on a free port."""
    made = Platform()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            body = json.dumps(made.jwks).encode()
            self.send_response(200 if made.jwks is not None else 500)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/oauth/jwks"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
