"""Test vectors of key sets and revocation lists: which one a gate takes in place of what it holds, and which never."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import cbor2

from docs.vector_keys import KEYS, KIDS, NOW, PUBLISHED, REVOKED
from flows.codes import cose, key_sets, revocations
from flows.codes.errors import SignedListRefusedError
from flows.codes.key_sets import LISTS, KeySet
from flows.codes.revocations import RevocationList

_MINUTE = timedelta(minutes=1)


def sets() -> Iterator[dict[str, Any]]:
    """Each beside the version of the key set that is held, whose keys are those of this file."""
    good = key_sets.signed(PUBLISHED, NOW, KEYS[LISTS], KIDS[LISTS])
    for name, version, data in (
        ("the first one, by the key that was installed", 0, good),
        ("a newer one", 6, good),
        ("the same version", 7, good),
        ("an older one", 8, good),
        ("a revocation list", 6, revocations.signed(REVOKED, KEYS[LISTS], KIDS[LISTS])),
        *((name, 6, data) for name, data in _forged(good, key_sets.AAD, revocations.AAD)),
    ):
        held = KeySet(version, PUBLISHED)
        yield {"name": name, "held_version": version, **_read(data, partial(key_sets.read, trusted=held, now=NOW))}


def lists() -> Iterator[dict[str, Any]]:
    """Each beside the version and time of the list that is held, if there is one."""
    good = revocations.signed(REVOKED, KEYS[LISTS], KIDS[LISTS])
    for name, held, data in (
        ("the first one", None, good),
        ("a newer one", RevocationList(2, NOW - _MINUTE, ()), good),
        ("the same version, later", RevocationList(3, NOW - _MINUTE, ()), good),
        ("the same one", REVOKED, good),
        ("the same version, earlier", RevocationList(3, NOW + _MINUTE, ()), good),
        ("an older one", RevocationList(4, NOW, ()), good),
        ("an older one of a later time", RevocationList(4, NOW - _MINUTE, ()), good),
        ("a key set", None, key_sets.signed(PUBLISHED, NOW, KEYS[LISTS], KIDS[LISTS])),
        *((name, None, data) for name, data in _forged(good, revocations.AAD, key_sets.AAD)),
    ):
        known = {"version": held.version, "issued_at": int(held.issued_at.timestamp())} if held else None
        read = partial(revocations.read, keys=PUBLISHED, now=NOW, held=held)
        yield {"name": name, "held": known, **_read(data, read)}


def _forged(good: bytes, aad: bytes, other_aad: bytes) -> Iterator[tuple[str, bytes]]:
    protected, unprotected, payload, signature = cbor2.loads(good)
    said = cbor2.loads(payload)
    newer = cbor2.dumps(said | {"version": said["version"] + 1}, canonical=True)
    yield "by a key of codes", cose.sign(KEYS["parking"], KIDS["parking"], payload, aad)
    yield "by an unknown key", cose.sign(KEYS["unknown"], KIDS["unknown"], payload, aad)
    yield "by a retired key", cose.sign(KEYS["retired lists"], KIDS["retired lists"], payload, aad)
    yield "by another key under the right id", cose.sign(KEYS["unknown"], KIDS[LISTS], payload, aad)
    yield "with the other list's external_aad", cose.sign(KEYS[LISTS], KIDS[LISTS], payload, other_aad)
    yield "without external_aad", cose.sign(KEYS[LISTS], KIDS[LISTS], payload, b"")
    yield "a newer version that nobody signed", cbor2.dumps([protected, unprotected, newer, signature])
    yield "a bit of the signature", good[:-1] + bytes([good[-1] ^ 1])
    yield "cut off", good[:-1]
    yield "a byte too many", good + b"\0"
    yield "tagged as COSE_Sign1", b"\xd2" + good
    yield "nothing", b""


def _read(data: bytes, read: Callable[[bytes], object]) -> dict[str, Any]:
    try:
        read(data)
        result = "taken"
    except SignedListRefusedError:
        result = "refused"
    return {"list": data.hex(), "now": int(NOW.timestamp()), "result": result}
