"""The platform's signing keys in one process: which one signs now, which ones verify, and what is published of them.

A new key is published ``PUBLISHED_BEFORE`` it signs, so that whoever keeps our JWKS for a while knows it in time; an
old one stays published until what it signed is surely forgotten. Nothing is ever signed by a key that nobody knows.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from joserfc.jwk import ECKey, RSAKey
from msgspec import Struct
from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import NoSigningKeyError
from auth.keys.tables import SigningKey
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.published_keys import KeyKind
from kernel.redis import key as redis_key

Algorithm = Literal["ES256", "RS256"]
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256")  # RS256 is OpenID Connect's default, ES256 a fifth of its cost

PUBLISHED_BEFORE = timedelta(minutes=10)  # a JWKS answer may be kept for half of it
PUBLISHED_AFTER = timedelta(hours=24)
_COLUMN = "signing_key.private"
_LOCK = 0x5147_4E4B  # of PostgreSQL's advisory locks: one process makes the first keys


class RingKey(Struct, frozen=True):
    """One key pair, ready to use."""

    kid: str
    algorithm: Algorithm
    key: ECKey | RSAKey
    active_from: datetime
    gone_at: datetime | None

    def __repr__(self) -> str:
        return f"RingKey({self.kid}, {self.algorithm})"


class KeyRing:
    """The published keys, as ``load`` read them."""

    def __init__(self, keys: Iterable[RingKey]) -> None:
        self._keys = tuple(keys)

    def signer(self, algorithm: Algorithm, now: datetime) -> RingKey:
        """Return the key that signs: the newest that is active. Raises NoSigningKeyError."""
        active = [each for each in self._keys if each.algorithm == algorithm and each.active_from <= now]
        if not active:
            raise NoSigningKeyError(f"there is no {algorithm} key to sign with", fix="Run `yiwang keys rotate`.")
        return max(active, key=lambda each: each.active_from)

    def verifier(self, kid: str, now: datetime) -> RingKey | None:
        """Return the published key of this id."""
        return next((each for each in self._published(now) if each.kid == kid), None)

    def jwks(self, now: datetime) -> dict[str, list[dict[str, Any]]]:
        """Return the public keys as a JWK Set (RFC 7517 section 5)."""
        return {
            "keys": [
                {**each.key.as_dict(private=False), "kid": each.kid, "alg": each.algorithm, "use": "sig"}
                for each in self._published(now)
            ]
        }

    def _published(self, now: datetime) -> Iterable[RingKey]:
        return (each for each in self._keys if each.gone_at is None or now < each.gone_at)


async def published_rows(session: AsyncSession, clock: Clock) -> Sequence[SigningKey]:
    """Return the rows of the published keys, the oldest first; what is private of them is sealed."""
    query = select(SigningKey).where(or_(col(SigningKey.gone_at).is_(None), col(SigningKey.gone_at) > clock.now()))
    return (await session.exec(query.order_by(col(SigningKey.active_from), SigningKey.algorithm))).all()


async def load(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> KeyRing:
    """Read the published keys."""
    return KeyRing(_opened(row, cipher) for row in await published_rows(session, clock))


async def ensure(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> None:
    """Make the first key of each algorithm; at once in use, as nobody can have kept a JWKS without it."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    known = set((await session.exec(select(SigningKey.algorithm))).all())
    for algorithm in ALGORITHMS:
        if algorithm not in known:
            session.add(_made(algorithm, cipher, clock.now(), clock.now()))
    await session.flush()


async def rotate(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> list[SigningKey]:
    """Make a new key of each algorithm and set the end of the ones before; return the new ones."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    active_from = clock.now() + PUBLISHED_BEFORE
    before = (await session.exec(select(SigningKey).where(col(SigningKey.gone_at).is_(None)))).all()
    made = [_made(algorithm, cipher, clock.now(), active_from) for algorithm in ALGORITHMS]
    for row in before:
        row.gone_at = active_from + PUBLISHED_AFTER
    session.add_all([*before, *made])
    await session.flush()
    return made


def _made(algorithm: Algorithm, cipher: FieldCipher, now: datetime, active_from: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256") if algorithm == "ES256" else RSAKey.generate_key(2048)
    kid = key.thumbprint()
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        public=dict(key.as_dict(private=False)),
        private=cipher.seal(_COLUMN, kid, key.as_pem(private=True).decode()),
        created_at=now,
        active_from=active_from,
    )


def _opened(row: SigningKey, cipher: FieldCipher) -> RingKey:
    kind = ECKey if row.algorithm == "ES256" else RSAKey
    key = kind.import_key(cipher.open(_COLUMN, row.kid, row.private))
    return RingKey(row.kid, cast("Algorithm", row.algorithm), key, row.active_from, row.gone_at)


SIGNING_KEYS = KeyKind(
    "signing keys",
    redis_key("signing_keys", "changed"),
    "SELECT count(*), max(created_at), max(gone_at) FROM signing_key",
    ensure,
    load,
)
