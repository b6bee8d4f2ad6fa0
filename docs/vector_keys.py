"""What all test vectors are made with: keys, lists and a time, and how a gate judges each code."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows.codes import pass_codes
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import LISTS, KeySet, PublicKey
from flows.codes.offline import ClockState, Held, judge
from flows.codes.revocations import RevocationList, hash_of

NOW = datetime(2026, 12, 1, 4, tzinfo=UTC)
SEEDS = {"parking": 1, "identity": 2, LISTS: 3, "retired": 4, "unknown": 5, "revoked": 6, "retired lists": 7}
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for name, seed in SEEDS.items()}
KIDS = {name: bytes([seed, 1]) for name, seed in SEEDS.items()}
SUBJECT, CODE_ID = bytes(range(16)), bytes(range(160, 168))
REVOKED_SUBJECT, REVOKED_CODE = bytes(range(16, 32)), bytes(range(168, 176))

PUBLISHED = KeySet(
    7,
    [
        PublicKey(KIDS["parking"], "parking", KEYS["parking"].public_key()),
        PublicKey(KIDS["identity"], "identity", KEYS["identity"].public_key()),
        PublicKey(KIDS[LISTS], LISTS, KEYS[LISTS].public_key()),
        PublicKey(KIDS["retired"], "parking", KEYS["retired"].public_key(), until=NOW),
        PublicKey(KIDS["revoked"], "parking", KEYS["revoked"].public_key()),
        PublicKey(KIDS["retired lists"], LISTS, KEYS["retired lists"].public_key(), until=NOW),
    ],
)
PHONES: dict[str, EllipticCurvePrivateKey] = {
    name: derive_private_key(int.from_bytes(bytes([seed]) * 32), SECP256R1())
    for name, seed in {"bound": 7, "other": 8, "lost": 9}.items()
}


def public_of(phone: str) -> bytes:
    """A phone's key as credentials have it."""
    return PHONES[phone].public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


REVOKED = RevocationList(
    3,
    NOW,
    [
        hash_of("subject", REVOKED_SUBJECT),
        hash_of("code", REVOKED_CODE),
        hash_of("key", KIDS["revoked"]),
        hash_of("device", public_of("lost")),
    ],
)


def issued(name: str = "parking", *, at: datetime = NOW, subject: bytes = SUBJECT, code_id: bytes = CODE_ID) -> str:
    """A code by one of the keys."""
    return pass_codes.issue(KEYS[name], KIDS[name], subject, at, code_id)


def judged(name: str, code: str, after: int, purpose: str) -> dict[str, Any]:
    """A code as a vector: read so many seconds after NOW, for a purpose."""
    now = NOW + timedelta(seconds=after)
    try:
        read = judge(code, Held(PUBLISHED, REVOKED, ClockState(timedelta(0), now)), purpose, now, risk="any")
    except PassCodeRefusedError as error:
        said: dict[str, Any] = {"result": error.reason.value}
    else:
        said = {"result": "ok", "subject": read.subject.hex(), "code_id": read.code_id.hex(), "kid": read.kid.hex()}
        if read.device:
            said["device"] = read.device.hex()
    return {"name": name, "text": code, "purpose": purpose, "now": int(now.timestamp()), **said}
