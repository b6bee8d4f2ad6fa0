"""The revocation list: what a verifier must refuse although its signature holds. Pure.

An entry is a hash of 8 bytes of one subject, code, key or phone's key, so that a list of 100,000 has 781 KiB and tells
nobody who is on it. A list is signed, its versions only grow, and it is believed for 24 hours.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.codes import cose
from flows.codes.errors import PassCodeRefusedError, SignedListRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.pass_codes import SKEW, PassCode
from flows.codes.refusals import Refusal

AAD = b"SC1-REVOKED"
HASH_BYTES = 8
FETCH_EVERY = timedelta(minutes=15)
BELIEVED_FOR = timedelta(hours=24)

Kind = Literal["subject", "code", "key", "device"]


def hash_of(kind: Kind, value: bytes) -> bytes:
    """Return the entry of something revoked: SHA-256 of ``kind:`` and the bytes, its first 8."""
    return hashlib.sha256(kind.encode() + b":" + value).digest()[:HASH_BYTES]


def named_by(code: PassCode) -> tuple[tuple[Kind, bytes], ...]:
    """Return what of a code may be revoked."""
    named: tuple[tuple[Kind, bytes], ...] = (("subject", code.subject), ("code", code.code_id), ("key", code.kid))
    return (*named, ("device", code.device)) if code.device else named


class RevocationList:
    """What is revoked, as of ``issued_at``."""

    def __init__(self, version: int, issued_at: datetime, hashes: Iterable[bytes]) -> None:
        self.version = version
        self.issued_at = issued_at
        self.hashes = frozenset(hashes)

    def check(self, code: PassCode) -> None:
        """Raise PassCodeRefusedError if the code, its holder, its key or its phone is revoked."""
        for kind, value in named_by(code):
            if hash_of(kind, value) in self.hashes:
                raise PassCodeRefusedError(Refusal.REVOKED, f"The code's {kind} is revoked")

    def is_current(self, now: datetime) -> bool:
        """Whether it is young enough for actions of any risk. One of later than now says that the clock is wrong."""
        return -SKEW <= now - self.issued_at <= BELIEVED_FOR


def signed(revoked: RevocationList, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """Return the list as a signed one."""
    payload = {
        "version": revoked.version,
        "issued_at": int(revoked.issued_at.timestamp()),
        "revoked": b"".join(sorted(revoked.hashes)),
    }
    return cose.sign(key, kid, cbor2.dumps(payload, canonical=True), AAD)


def read(data: bytes, keys: KeySet, now: datetime, held: RevocationList | None = None) -> RevocationList:
    """Read a signed list by a key that ``keys`` has for lists now; ``held`` is the one so far.

    Raises SignedListRefusedError: forged, damaged, or older than ``held``.
    """
    try:
        payload: Any = cbor2.loads(cose.opened(data, partial(keys.signing_lists, now), AAD))
        raw, issued_at = payload["revoked"], datetime.fromtimestamp(payload["issued_at"], UTC)
        hashes = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
        found = RevocationList(payload["version"], issued_at, hashes)
    except (ValueError, KeyError, TypeError, cbor2.CBORError) as error:
        raise SignedListRefusedError(f"The revocation list is not believed: {error}", fix="Fetch it again.") from error
    if held is not None and (found.version, found.issued_at) < (held.version, held.issued_at):
        raise SignedListRefusedError("The revocation list is older than the one that is held", fix="Keep the newer.")
    return found
