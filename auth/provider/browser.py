"""What the provider remembers of a browser: the sign-in that is under way, and the session that came of it.

A sign-in is bound to the browser that began it by a cookie, so that neither a link nor a code taken from one browser
goes on in another (RFC 9700 section 4.7). Cookies hold secrets of 256 bits; the server keeps their digests.
"""

import hashlib
import hmac
import secrets

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import TransactionGoneError
from auth.provider.authorize import Asked
from auth.sessions.sessions import is_live, seen
from auth.sessions.tables import Session
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.redis import key

SECONDS = 600


class Transaction(Struct, frozen=True, kw_only=True):
    """A sign-in under way: what the client asked, in which browser, and how far it is."""

    asked: Asked
    browser: bytes  # digest of the browser's cookie
    began: float  # seconds since 1970: prompt=login is done by a session that is younger
    challenge: str = ""  # of a phone code that was sent
    app_code: str = ""  # that the page shows for a mini-program to confirm
    told: dict[str, int] = {}  # notices that a page of this sign-in has shown: versions by purpose


class Transactions:
    """Kept in Redis, sealed, for a request may hint at a phone number: losing one costs a resident a new start."""

    def __init__(self, redis: Redis, cipher: FieldCipher) -> None:
        self._redis = redis
        self._cipher = cipher

    async def begin(self, asked: Asked, browser: str, now: float) -> str:
        """Return the id of a new sign-in."""
        id_ = secrets.token_urlsafe(24)
        await self.save(id_, Transaction(asked=asked, browser=digest(browser), began=now))
        return id_

    async def save(self, id_: str, transaction: Transaction, seconds: int = SECONDS) -> None:
        sealed = self._cipher.seal("sign_in", id_, msgspec.json.encode(transaction).decode())
        await self._redis.set(key("sign_in", id_), sealed, ex=seconds)

    async def read(self, id_: str, browser: str) -> Transaction:
        """Return a sign-in of this browser. Raises TransactionGoneError."""
        found = await self._redis.get(key("sign_in", id_))
        text = self._cipher.open("sign_in", id_, found) if isinstance(found, bytes) else ""
        transaction = msgspec.json.decode(text, type=Transaction) if text else None
        if transaction is None or not hmac.compare_digest(transaction.browser, digest(browser)):
            raise TransactionGoneError(
                "This sign-in has expired, or began in another browser", fix="Go back to the site and begin anew."
            )
        return transaction

    async def end(self, id_: str) -> bool:
        """Forget a sign-in; whether it was there, so that it ends once."""
        return bool(await self._redis.delete(key("sign_in", id_)))


def new_secret() -> str:
    """Return a cookie's value."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is kept of a cookie's value."""
    return hashlib.sha256(secret.encode()).digest()


def form_token(secret: str) -> str:
    """Return what a form of ours carries to show that the page was ours, and this browser's: nobody else knows it.

    Cookies alone do not show it, for a browser sends them along with the forms of sites of the same registrable domain.
    """
    return hashlib.sha256(b"form:" + secret.encode()).hexdigest()


def is_own_form(given: str, secret: str) -> bool:
    """Whether a form carries the token of the session in whose browser it was sent."""
    return hmac.compare_digest(given.encode(), form_token(secret).encode())


async def session_of(session: AsyncSession, clock: Clock, cookie: str) -> Session | None:
    """Return the live session of a browser."""
    if not cookie:
        return None
    row = (await session.exec(select(Session).where(Session.cookie_digest == digest(cookie)))).first()
    if row is None or not await is_live(session, clock, row):
        return None
    seen(session, clock, row)
    return row
