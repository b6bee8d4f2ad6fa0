"""Signing in by a code sent to a phone: six digits, five minutes, five guesses, and not too many codes.

Codes are counted by number; by who asks for them, so that nobody has them sent to a thousand numbers; and over all,
which only alarms: whoever asks from many addresses must not keep residents from signing in.

A phone number proves possession only, and numbers are given out anew: what it may open is decided by ``auth.linking``.
The number waits sealed in Redis; the code is kept as a MAC, which nobody can try out without the index key.
"""

import hmac
import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import Proven, attach, find_identity, known_by, lock_identity
from auth.accounts.tables import Account, Identity
from auth.errors import PhoneCodeRefusedError, SignInRefusedError, TooManyCodesError
from auth.linking import may_sign_in_by_phone
from kernel.clock import Clock
from kernel.crypto.keys import Keys
from kernel.redis import counted, key
from kernel.settings import Settings

_SECONDS = 300
_MOST_GUESSES = 5
_MOST_CODES = ((60, 1), (3600, 5), (86400, 10))  # seconds, codes of one number in them
_HOUR, _DAY = 3600, 86400
_BUSY_HOURS = 4  # of a day, for an address that many people are behind
_COLUMN = "phone_code"
TENANT = "phone"


class _Sent(Struct, frozen=True):
    phone: bytes
    mac: bytes


class PhoneCodes:
    """The codes of one process's Redis."""

    def __init__(self, redis: Redis, keys: Keys, settings: Settings) -> None:
        self._redis = redis
        self._keys = keys
        self._settings = settings

    async def begin(self, phone: str, requester: str) -> tuple[str, str]:
        """Return the id of a new challenge and the code to send. Raises TooManyCodesError.

        ``phone`` is E.164, ``requester`` the network address of who asks.
        """
        most = self._settings.sms_codes_per_address
        await self._count("from", requester, ((_HOUR, most), (_DAY, _BUSY_HOURS * most)))
        await self._count("to", phone, _MOST_CODES)
        challenge, code = secrets.token_urlsafe(32), f"{secrets.randbelow(1_000_000):06}"
        sent = _Sent(self._keys.cipher.seal(_COLUMN, challenge, phone), self._mac(challenge, code))
        await self._redis.set(key("phone_code", challenge), msgspec.msgpack.encode(sent), ex=_SECONDS)
        return challenge, code

    async def finish(self, challenge: str, code: str) -> str:
        """Return the phone number that a right code proves; every guess counts. Raises PhoneCodeRefusedError."""
        guesses = key("phone_code", challenge, "guesses")
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(guesses)
            pipe.expire(guesses, _SECONDS)
            pipe.get(key("phone_code", challenge))
            count, _, found = await pipe.execute()
        if found is None or count > _MOST_GUESSES:
            raise PhoneCodeRefusedError("The code has expired, or was guessed too often", fix="Have a new one sent.")
        sent = msgspec.msgpack.decode(found, type=_Sent)
        if not hmac.compare_digest(sent.mac, self._mac(challenge, code)):
            raise PhoneCodeRefusedError("The code is wrong", fix="Look at the latest message.")
        if not await self._redis.delete(key("phone_code", challenge)):
            raise PhoneCodeRefusedError("The code was used already", fix="Have a new one sent.")
        return self._keys.cipher.open(_COLUMN, challenge, sent.phone)

    async def is_alarming(self) -> bool:
        """Count a code over the whole platform; whether it is the one by which there are too many in this hour."""
        number = await counted(self._redis, key("phone_code", "all"), _HOUR)
        return number == self._settings.sms_codes_alarm + 1

    async def _count(self, way: Literal["from", "to"], whom: str, limits: Sequence[tuple[int, int]]) -> None:
        name = self._keys.index.index("phone_code", f"{way} {whom}").hex()
        for seconds, most in limits:
            if await counted(self._redis, key("phone_code", name, str(seconds)), seconds) > most:
                where = "to this number" if way == "to" else "from this network"
                raise TooManyCodesError(f"Too many codes were sent {where}", fix="Try again later.")

    def _mac(self, challenge: str, code: str) -> bytes:
        return self._keys.index.index("phone_code", f"{challenge} {code}")


def proven_phone(keys: Keys, phone: str) -> Proven:
    """Return the identity of a verified number: its blind index stands for it."""
    return Proven(provider="phone", tenant=TENANT, subject=keys.index.index("identity.value", phone).hex())


async def sign_in_by_phone(session: AsyncSession, clock: Clock, keys: Keys, phone: str) -> tuple[Account, Identity]:
    """Return the account of a number that was just proven, a new one if nobody has it. Raises SignInRefusedError."""
    proven = proven_phone(keys, phone)
    await lock_identity(session, proven)
    account, identity = await known_by(session, proven)
    if account is None or identity is None:
        account = Account(created_at=clock.now())
        session.add(account)
        await session.flush()
        return account, await add_phone(session, clock, keys, account, phone)
    decision = may_sign_in_by_phone(identity.verified_at, clock.now(), ial=account.ial)
    if not decision:
        raise SignInRefusedError(decision.reason, fix="Sign in by WeChat, Alipay or Baidu.")
    identity.last_used_at = identity.verified_at = clock.now()
    session.add(identity)
    return account, identity


async def add_phone(session: AsyncSession, clock: Clock, keys: Keys, account: Account, phone: str) -> Identity:
    """Give an account a proven phone number. Raises SignInRefusedError if it is another account's already."""
    proven = proven_phone(keys, phone)
    known = await find_identity(session, proven)
    if known is not None and known.account_id != account.id:
        raise SignInRefusedError(
            "The number belongs to another account", fix="Sign in to that account and link the two there."
        )
    identity = known or attach(session, clock, account, proven)
    identity.value = keys.cipher.seal("identity.value", identity.id, phone)
    identity.verified_at = clock.now()
    session.add(identity)
    await session.flush()
    return identity
