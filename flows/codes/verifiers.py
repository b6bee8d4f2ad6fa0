"""Verifiers: registering who reads codes, what for, and what they are told of the holder."""

import re
import secrets
from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.distance import Position, position_of
from flows.codes.errors import VerifierRefusedError, VerifierUnknownError
from flows.codes.purposes import PURPOSES
from flows.codes.tables import CodeVerifier
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher
from kernel.database import driver

CLAIMS = ("level", "masked_name")
"""What a verifier may be licensed to be told, beyond that a code is good and by which name it knows the holder."""

JUDGED_ALONE = "parking"
"""Sites' boxes judge codes of it by themselves, by the name in them: who reads them is of the group of that name."""

_COLUMN = "code_verifier.secret"
_GROUP = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_SECRET_BYTES = 32  # as long as the hash: RFC 2104 section 3
_UNREVOKED = """
    SELECT id, purposes, claims, verifier_group, latitude, longitude, secret FROM code_verifier
    WHERE id = $1 AND revoked_at IS NULL
"""
_OF_GROUP = """
    SELECT EXISTS (SELECT FROM code_verifier WHERE verifier_group = $1 AND $2 = ANY(purposes) AND revoked_at IS NULL)
"""


class Verifier(Struct, frozen=True):
    """A verifier that asks: its licence, where it stands, and its sealed secret."""

    id: UUID
    purposes: frozenset[str]
    claims: Sequence[str]
    group: str
    where: Position | None
    secret: bytes

    def __repr__(self) -> str:
        return f"Verifier({self.id})"


async def unrevoked(session: AsyncSession, verifier_id: UUID) -> Verifier | None:
    """Return a verifier that may ask: whatever it asks begins with this, so it is read past the ORM."""
    row = await (await driver(session)).fetchrow(_UNREVOKED, verifier_id)
    if row is None:
        return None
    where = position_of(row["latitude"], row["longitude"])
    licence = frozenset(row["purposes"]), row["claims"], row["verifier_group"]
    return Verifier(verifier_id, *licence, where, row["secret"])


async def register(session: AsyncSession, clock: Clock, cipher: FieldCipher, verifier: CodeVerifier) -> str:
    """Register a verifier and return its secret, which can never be shown again. Raises VerifierRefusedError."""
    _check(verifier)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    verifier.secret = cipher.seal(_COLUMN, verifier.id, secret)
    verifier.registered_at = clock.now()
    session.add(verifier)
    await session.flush()
    return secret


async def is_group(session: AsyncSession, group: str, purpose: str) -> bool:
    """Whether there are verifiers of a group that read codes of a purpose."""
    return bool(await (await driver(session)).fetchval(_OF_GROUP, group, purpose))


async def find_verifier(session: AsyncSession, verifier_id: UUID) -> CodeVerifier:
    """Return a verifier, revoked or not. Raises VerifierUnknownError."""
    found = await session.get(CodeVerifier, verifier_id)
    if found is None:
        raise VerifierUnknownError(f"There is no verifier {verifier_id}", fix="yiwang verifier list shows them.")
    return found


async def all_verifiers(session: AsyncSession) -> Sequence[CodeVerifier]:
    """Return all verifiers, in the order of their registration."""
    return (await session.exec(select(CodeVerifier).order_by(col(CodeVerifier.id)))).all()


async def revoke(session: AsyncSession, clock: Clock, verifier_id: UUID) -> CodeVerifier:
    """Make a verifier's secret worthless, at once. Raises VerifierUnknownError."""
    found = await find_verifier(session, verifier_id)
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        session.add(found)
    return found


def secret_of(cipher: FieldCipher, verifier: CodeVerifier | Verifier) -> bytes:
    """Return what a verifier signs its requests with: the characters that it was shown, as bytes."""
    return cipher.open(_COLUMN, verifier.id, verifier.secret).encode()


def _check(verifier: CodeVerifier) -> None:
    unknown = sorted({*verifier.purposes} - {*PURPOSES}), sorted({*verifier.claims} - {*CLAIMS})
    problems = (
        (not verifier.purposes, "A verifier reads codes of some purpose", f"There are {', '.join(PURPOSES)}."),
        (unknown[0], f"Unknown purposes: {', '.join(unknown[0])}", f"There are {', '.join(PURPOSES)}."),
        (unknown[1], f"Unknown claims: {', '.join(unknown[1])}", f"There are {', '.join(CLAIMS)}."),
        (
            not _GROUP.fullmatch(verifier.verifier_group),
            f"The group {verifier.verifier_group!r} is no name",
            "Use 2 to 63 of a-z 0-9 . _ -",
        ),
        (
            JUDGED_ALONE in verifier.purposes and verifier.verifier_group != JUDGED_ALONE,
            f"Who reads codes of {JUDGED_ALONE} is of the group {JUDGED_ALONE!r}, not {verifier.verifier_group!r}",
            f"Use --group {JUDGED_ALONE}.",
        ),
        (
            (verifier.latitude is None) != (verifier.longitude is None),
            "Half a position is none",
            "Give latitude and longitude, or neither.",
        ),
    )
    for wrong, message, fix in problems:
        if wrong:
            raise VerifierRefusedError(message, fix=fix)
