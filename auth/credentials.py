"""Department credentials: ``Authorization: Bearer yw_<key id>_<secret>`` (RFC 6750 section 2.1).

A secret is 256 random bits, so nobody can guess it from its digest and a plain SHA-256 is right: slow password hashes
make guessing *weak* secrets costly, and would here only make every request so.
"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from msgspec import Struct
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.errors import CredentialRefusedError
from auth.tables import DepartmentCredential
from kernel.clock import Clock

PREFIX = "yw"
_TOKEN = re.compile(rf"{PREFIX}_(?P<key_id>[0-9a-f]{{12}})_(?P<secret>[A-Za-z0-9_-]{{43}})")
_LAST_USED_EVERY = timedelta(minutes=1)  # coarse enough that a busy credential's row is not written all the time


class Publisher(Struct, frozen=True):
    """Who publishes: a credential and the one department it speaks for."""

    department: str
    key_id: str


async def issue(session: AsyncSession, clock: Clock, department: str) -> str:
    """Make a credential for a department and return its token, which can never be shown again."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    session.add(
        DepartmentCredential(
            key_id=key_id, department=department, secret_digest=_digest(secret), created_at=clock.now()
        )
    )
    await session.flush()
    return f"{PREFIX}_{key_id}_{secret}"


def key_id_of(token: str) -> str:
    """The part of a token that may be shown and logged."""
    return token.split("_")[1]


async def authenticate(session: AsyncSession, clock: Clock, authorization: str) -> Publisher:
    """Judge an ``Authorization`` header's value. Raises CredentialRefusedError."""
    scheme, _, token = authorization.partition(" ")
    match = _TOKEN.fullmatch(token.strip())
    if scheme.lower() != "bearer" or match is None:
        raise CredentialRefusedError(
            "This needs a department's credential", fix="Send `Authorization: Bearer <token>` (YIWANG_TOKEN)."
        )
    credential = await session.get(DepartmentCredential, match["key_id"])
    expected = credential.secret_digest if credential else b""
    if not hmac.compare_digest(expected, _digest(match["secret"])) or credential is None or credential.revoked_at:
        raise CredentialRefusedError(
            "The credential is unknown or revoked", fix="Ask the platform's operator: yiwang department credential."
        )
    now = clock.now()
    if credential.last_used_at is None or now - credential.last_used_at >= _LAST_USED_EVERY:
        credential.last_used_at = now
        session.add(credential)
    return Publisher(credential.department, credential.key_id)


async def revoke(session: AsyncSession, clock: Clock, key_id: str) -> DepartmentCredential | None:
    """Make a credential worthless from now on; return it, ``None`` if there is none of this id."""
    credential = await session.get(DepartmentCredential, key_id, with_for_update=True)
    if credential and credential.revoked_at is None:
        credential.revoked_at = clock.now()
        session.add(credential)
    return credential


async def credentials_of(session: AsyncSession, department: str) -> list[DepartmentCredential]:
    """Return a department's credentials, the oldest first."""
    query = select(DepartmentCredential).where(DepartmentCredential.department == department)
    return list((await session.exec(query.order_by("created_at"))).all())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
