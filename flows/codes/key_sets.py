"""The public keys that codes are verified by, as an offline verifier holds them, and as a signed list.

The list names every purpose's current, next and previous key, so that a verifier which hears nothing for a while still
knows who signs next. Pure: no database, no clock of its own.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from functools import partial
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from flows.codes import cose
from flows.codes.errors import PassCodeRefusedError, SignedListRefusedError
from flows.codes.refusals import Refusal

AAD = b"SC1-KEYS"
LISTS = "lists"  # what key sets and revocation lists are signed for; no code is
_OKP, _ED25519, _EDDSA = 1, 6, -8  # RFC 9053 sections 7.1, 7.2 and 2.2


class PublicKey(Struct, frozen=True):
    """One key: what it signs for, and when it is believed no more (None while no end is set)."""

    kid: bytes
    purpose: str
    key: Ed25519PublicKey
    until: datetime | None = None


class KeySet:
    """Keys by kid, which is unique over all purposes. ``version`` grows with every change."""

    def __init__(self, version: int, keys: Iterable[PublicKey], issued_at: datetime | None = None) -> None:
        self.version = version
        self.issued_at = issued_at
        self._keys = {each.kid: each for each in keys}

    def __iter__(self) -> Iterator[PublicKey]:
        return iter(self._keys.values())

    def believed(self, kid: bytes, purposes: AbstractSet[str], now: datetime) -> PublicKey:
        """Return the key that signs for one of these purposes. Raises PassCodeRefusedError."""
        found = self._keys.get(kid)
        if found is None:
            raise PassCodeRefusedError(Refusal.UNKNOWN_KEY, f"It is signed by the key {kid.hex()}, which is not known")
        if found.purpose not in purposes:
            wrong = f"It is for {found.purpose}, not for {' or '.join(sorted(purposes))}"
            raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, wrong)
        if found.until is not None and now >= found.until:
            raise PassCodeRefusedError(Refusal.KEY_RETIRED, f"It is signed by the key {kid.hex()}, which is retired")
        return found

    def signing_lists(self, now: datetime, kid: bytes) -> Ed25519PublicKey | None:
        """Return a key that lists are signed by and that is believed."""
        try:
            return self.believed(kid, {LISTS}, now).key
        except PassCodeRefusedError:
            return None


def signed(keys: KeySet, now: datetime, key: Ed25519PrivateKey, kid: bytes) -> bytes:
    """Return the key set as a signed list."""
    listed = sorted(keys, key=lambda each: (each.purpose, each.kid))
    payload = {"version": keys.version, "issued_at": int(now.timestamp()), "keys": [_cose_key(each) for each in listed]}
    return cose.sign(key, kid, cbor2.dumps(payload, canonical=True), AAD)


def read(data: bytes, trusted: KeySet, now: datetime) -> KeySet:
    """Read a signed list by a key that ``trusted``, the set held so far, has for lists now.

    Raises SignedListRefusedError: forged, damaged, or older than ``trusted``.
    """
    try:
        payload: Any = cbor2.loads(cose.opened(data, partial(trusted.signing_lists, now), AAD))
        keys = [_public_key(each) for each in payload["keys"]]
        found = KeySet(payload["version"], keys, datetime.fromtimestamp(payload["issued_at"], UTC))
    except (ValueError, KeyError, TypeError, cbor2.CBORError) as error:
        raise SignedListRefusedError(f"The key set is not believed: {error}", fix="Fetch it again.") from error
    if found.version < trusted.version:
        raise SignedListRefusedError("The key set is older than the one that is held", fix="Keep the newer one.")
    return found


def trusting(kid: bytes, public: bytes) -> KeySet:
    """Return the set of a verifier that knows nothing yet but the key of lists that it was installed with."""
    return KeySet(0, [PublicKey(kid, LISTS, Ed25519PublicKey.from_public_bytes(public))])


def _cose_key(each: PublicKey) -> dict[str, Any]:
    cose_key = {1: _OKP, 2: each.kid, 3: _EDDSA, -1: _ED25519, -2: each.key.public_bytes_raw()}  # RFC 9052 section 7
    return {"purpose": each.purpose, "key": cose_key, "until": int(each.until.timestamp()) if each.until else 0}


def _public_key(raw: dict[str, Any]) -> PublicKey:
    key = Ed25519PublicKey.from_public_bytes(raw["key"][-2])
    until = datetime.fromtimestamp(raw["until"], UTC) if raw["until"] else None
    return PublicKey(raw["key"][2], raw["purpose"], key, until)
