"""The key pairs that codes and lists are signed by, in the database: current, next and previous of each purpose.

The next key is published long before it signs, so a gate that is cut off for days knows it. Rotation makes it current
and makes another next; the previous stays published while anything it signed may be shown or reported. After a
compromise nothing is left of what the thief may have: current and next are both revoked, and gates refuse them as
soon as they have fetched the lists again. Only of those that sign lists the next one stays, and signs at once: gates
believe nothing but what a key that they know has signed.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.cose import KID_BYTES
from flows.codes.errors import CodesUnavailableError
from flows.codes.key_sets import LISTS, KeySet, PublicKey
from flows.codes.purposes import PURPOSES
from flows.codes.revoking import revoke
from flows.codes.tables import CodeKey
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.published_keys import KeyKind
from kernel.redis import key

ROTATE_EVERY = timedelta(days=90)
BELIEVED_AFTER = timedelta(days=8)
"""How long a previous key is believed: offline gates report uses for a week, and codes of minutes are long over."""

SIGNING = (*PURPOSES, LISTS)
_COLUMN = "code_key.private"
_LOCK = 0x434F_4445  # of PostgreSQL's advisory locks: changes come one after another, so that versions only grow


class SigningKey(Struct, frozen=True):
    """A key pair in use. It shows its id alone."""

    kid: bytes
    purpose: str
    private: Ed25519PrivateKey
    active_from: datetime

    def __repr__(self) -> str:
        return f"SigningKey({self.kid.hex()}, {self.purpose})"


class CodeKeys:
    """The keys as one process has read them: those that sign, and all that are published."""

    def __init__(self, published: KeySet, signing: Iterable[SigningKey]) -> None:
        self.published = published
        self._signing = tuple(signing)

    def signer(self, purpose: str, now: datetime) -> SigningKey:
        """Return the key that signs for a purpose: the newest that is active. Raises CodesUnavailableError."""
        active = [each for each in self._signing if each.purpose == purpose and each.active_from <= now]
        if not active:
            raise CodesUnavailableError(
                f"There is no key to sign codes of {purpose} with", fix=f"yiwang code-keys rotate --purpose {purpose}"
            )
        return max(active, key=lambda each: each.active_from)


async def load(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> CodeKeys:
    """Read the keys that are published."""
    rows = await published_rows(session, clock)
    version = (await session.exec(select(func.coalesce(func.max(CodeKey.version), 0)))).one()
    signing = [_opened(row, cipher) for row in rows if row.until is None]
    return CodeKeys(KeySet(version, map(_public, rows)), signing)


async def published_rows(session: AsyncSession, clock: Clock) -> Sequence[CodeKey]:
    """Return the rows of keys that verifiers believe, by purpose, the oldest first."""
    believed = or_(col(CodeKey.until).is_(None), col(CodeKey.until) > clock.now())
    query = select(CodeKey).where(believed).order_by(CodeKey.purpose, col(CodeKey.active_from))
    return (await session.exec(query)).all()


async def ensure(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> None:
    """Make the current and the next key of each purpose that has none."""
    change = await _begin(session, cipher, clock)
    known = set((await session.exec(select(CodeKey.purpose))).all())
    for purpose in SIGNING:
        if purpose not in known:
            await change.make(purpose, change.now)
            await change.make(purpose, change.now + ROTATE_EVERY)


async def rotate(session: AsyncSession, cipher: FieldCipher, clock: Clock, purpose: str) -> CodeKey:
    """Make the next key of a purpose the current one, from now on, and make another next; return the current one."""
    change = await _begin(session, cipher, clock)
    living = await _living(session, purpose, change.now)
    ahead = [row for row in living if row.active_from > change.now]
    current = ahead[0] if ahead else await change.make(purpose, change.now)
    current.active_from = change.now
    change.note(current)
    for row in living:
        if row is not current and row.until is None and row not in ahead:
            row.until = change.now + BELIEVED_AFTER
            change.note(row)
    await change.make(purpose, change.now + ROTATE_EVERY)
    return current


async def replace_compromised(session: AsyncSession, cipher: FieldCipher, clock: Clock, purpose: str) -> CodeKey:
    """Revoke every key of a purpose, the next one too, and make two new ones; return the one that signs now.

    The next key of lists is not revoked: it is the one that signs now.
    """
    change = await _begin(session, cipher, clock)
    living = await _living(session, purpose, change.now)
    kept = next((row for row in living if row.active_from > change.now), None) if purpose == LISTS else None
    for row in living:
        if row is not kept:
            row.until = row.compromised_at = change.now
            change.note(row)
            until = change.now + 2 * ROTATE_EVERY
            await revoke(session, clock, "key", bytes.fromhex(row.kid), "compromised", until=until)
    current = kept or await change.make(purpose, change.now)
    current.active_from = change.now
    change.note(current)
    await change.make(purpose, change.now + ROTATE_EVERY)
    return current


async def rotate_due(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> list[str]:
    """Make another next key where the one that was next signs by now; return the purposes."""
    change, due = await _begin(session, cipher, clock), []
    for purpose in SIGNING:
        living = await _living(session, purpose, change.now)
        if living and living[-1].active_from <= change.now:
            due.append(purpose)
            for row in living[:-1]:
                row.until = row.until or change.now + BELIEVED_AFTER
                change.note(row)
            await change.make(purpose, change.now + ROTATE_EVERY)
    return due


class _Change:
    """One change of the keys; ``version`` is the key set's after it."""

    def __init__(self, session: AsyncSession, cipher: FieldCipher, now: datetime, version: int) -> None:
        self._session = session
        self._cipher = cipher
        self.now = now
        self._version = version

    def note(self, row: CodeKey) -> None:
        row.version = self._version
        self._session.add(row)

    async def make(self, purpose: str, active_from: datetime) -> CodeKey:
        private, kid = Ed25519PrivateKey.generate(), await self._new_kid()
        row = CodeKey(
            kid=kid,
            purpose=purpose,
            public=private.public_key().public_bytes_raw(),
            private=self._cipher.seal(_COLUMN, kid, private.private_bytes_raw().hex()),
            created_at=self.now,
            active_from=active_from,
            version=self._version,
        )
        self._session.add(row)
        await self._session.flush()
        return row

    async def _new_kid(self) -> str:
        while True:
            kid = secrets.token_hex(KID_BYTES)
            if await self._session.get(CodeKey, kid) is None:
                return kid


async def _begin(session: AsyncSession, cipher: FieldCipher, clock: Clock) -> _Change:
    """Wait for whoever changes keys."""
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    version = (await session.exec(select(func.coalesce(func.max(CodeKey.version), 0)))).one()
    return _Change(session, cipher, clock.now(), version + 1)


async def _living(session: AsyncSession, purpose: str, now: datetime) -> Sequence[CodeKey]:
    """Return the keys of a purpose that are believed, in the order in which they sign."""
    believed = or_(col(CodeKey.until).is_(None), col(CodeKey.until) > now)
    query = select(CodeKey).where(CodeKey.purpose == purpose, believed).order_by(col(CodeKey.active_from))
    return (await session.exec(query)).all()


def _public(row: CodeKey) -> PublicKey:
    return PublicKey(bytes.fromhex(row.kid), row.purpose, Ed25519PublicKey.from_public_bytes(row.public), row.until)


def _opened(row: CodeKey, cipher: FieldCipher) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(cipher.open(_COLUMN, row.kid, row.private)))
    return SigningKey(bytes.fromhex(row.kid), row.purpose, private, row.active_from)


CODE_KEYS = KeyKind(
    "keys of codes", key("code_keys", "changed"), "SELECT max(version) FROM code_key", ensure, load, prompt=True
)
