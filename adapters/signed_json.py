"""JSON over HTTP, signed by HMAC-SHA-256 (RFC 2104) both ways: the wire of services that have no own protocol.

No vendor's wire: an SMS gateway or identity service that speaks another one gets an adapter of its own.

A request carries ``x-key-id``, ``x-timestamp`` (Unix seconds), ``x-nonce`` (never used twice) and ``x-signature``, the
hexadecimal HMAC over method, target, timestamp, nonce and the body's hexadecimal SHA-256, each but the last followed by
a newline. A reply's ``x-signature`` is that over the request's nonce, the status and the body's SHA-256, so that it
answers this request and no other.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from adapters.errors import HostConfigurationError, HostUnavailableError, OutcomeUnknownError, SignatureRefusedError
from adapters.http import HostHttp, HostReply, open_http
from kernel.clock import Clock
from kernel.ids import random_id
from kernel.settings import SettingsError, variable

WINDOW = timedelta(minutes=5)  # how far two clocks may lie apart; nonces are remembered as long
_T = TypeVar("_T")
_ASK = "Ask how it stands, or send the very same again."


class SigningKey(Struct, frozen=True):
    """A secret that both sides know, and its name."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.id})"


class Refusal(Struct, frozen=True):
    """The body of an answer that is no success; ``field`` names what to mend."""

    code: str
    message: str
    field: str = ""


def signature(key: SigningKey, *parts: str, body: bytes) -> str:
    """Return the hexadecimal HMAC over the parts and the body's digest, line by line."""
    text = "\n".join([*parts, hashlib.sha256(body).hexdigest()])
    return hmac.digest(key.secret, text.encode(), hashlib.sha256).hex()


def check_request(
    key: SigningKey, request: tuple[str, str], headers: Mapping[str, str], body: bytes, clock: Clock
) -> str:
    """Verify a request, given as method and target, and return its nonce, which the caller sees never comes twice.

    Header names are lower case. Raises SignatureRefusedError.
    """
    timestamp, nonce = headers.get("x-timestamp", ""), headers.get("x-nonce", "")
    if headers.get("x-key-id") != key.id:
        raise SignatureRefusedError("x-key-id names no key that is known here", fix="Compare the key's id.")
    expected = signature(key, *request, timestamp, nonce, body=body)
    if not hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode()):
        raise SignatureRefusedError(
            "x-signature is not that of this request", fix="Compare the secret and what is signed."
        )
    if not (timestamp.isascii() and timestamp.isdigit()) or not nonce:
        raise SignatureRefusedError("x-timestamp or x-nonce is missing", fix="Send Unix seconds and a fresh nonce.")
    if abs(int(timestamp) - clock.now().timestamp()) > WINDOW.total_seconds():
        raise SignatureRefusedError(
            f"x-timestamp is more than {WINDOW.total_seconds():.0f} s away from the time here",
            fix="Set the clock right.",
        )
    return nonce


class SignedJson:
    """Calls to one service. ``new_nonce`` gives a text never used before; ``prefix`` is the path before all targets."""

    def __init__(
        self, http: HostHttp, key: SigningKey, clock: Clock, new_nonce: Callable[[], str], *, prefix: str = ""
    ) -> None:
        self._http = http
        self._key = key
        self._clock = clock
        self._new_nonce = new_nonce
        self._prefix = prefix

    async def call(self, method: str, target: str, payload: object = None) -> HostReply:
        """Send and return an answer that is surely the service's: a success, or a refusal with a 4xx.

        HostUnavailableError: nothing was done. OutcomeUnknownError: it may have been, an answer that is not signed
        rightly included. HostConfigurationError: the service does not know our key.
        """
        target = self._prefix + target
        body = b"" if payload is None else msgspec.json.encode(payload)
        timestamp, nonce = str(int(self._clock.now().timestamp())), self._new_nonce()
        headers = {
            "content-type": "application/json",
            "x-key-id": self._key.id,
            "x-timestamp": timestamp,
            "x-nonce": nonce,
            "x-signature": signature(self._key, method, target, timestamp, nonce, body=body),
        }
        reply = await self._http.send(method, target, body, headers)
        if reply.status == 401:  # cannot be signed with a key that the two do not share
            raise HostConfigurationError(
                f"The service refuses the signature of key {self._key.id}",
                fix="Compare the key's id, its secret and the machine's time with the service's.",
            )
        expected = signature(self._key, nonce, str(reply.status), body=reply.body)
        if not hmac.compare_digest(expected.encode(), reply.headers.get("x-signature", "").encode()):
            raise OutcomeUnknownError(f"The answer ({reply.status}) is not signed by the service", fix=_ASK)
        if reply.status == 503:
            raise HostUnavailableError("The service is out of order", fix="Try again in a moment.")
        if not (200 <= reply.status < 300 or 400 <= reply.status < 500):
            raise OutcomeUnknownError(f"The service failed with status {reply.status}", fix=_ASK)
        return reply


def signing_key(text: str, setting: str) -> SigningKey:
    """Read the value of a setting that names a key. Raises SettingsError."""
    id_, separator, secret = text.partition(":")
    if not separator or not secret:
        raise SettingsError(f"{variable(setting)} is not `<key id>:<secret>` (docs/settings.md describes it)")
    return SigningKey(id_, secret.encode())


@asynccontextmanager
async def open_signed(url: str, key: SigningKey, clock: Clock, name: str) -> AsyncIterator[SignedJson]:
    """Open the service at ``url``, its path before all targets and part of what is signed; ``name`` is for errors."""
    parts = urlsplit(url)
    async with open_http(f"{parts.scheme}://{parts.netloc}", name) as http:
        yield SignedJson(http, key, clock, random_id, prefix=parts.path.rstrip("/"))


def read(reply: HostReply, type_: type[_T]) -> _T | Refusal:
    """Decode an answer's body, a Refusal for a 4xx. Raises OutcomeUnknownError."""
    try:
        if reply.status >= 400:
            return msgspec.json.decode(reply.body, type=Refusal)
        return msgspec.json.decode(reply.body, type=type_)
    except msgspec.DecodeError as error:
        raise OutcomeUnknownError("The service's answer cannot be read", fix=_ASK) from error
