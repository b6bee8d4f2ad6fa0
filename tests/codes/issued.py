"""Keys and codes that tests issue, always the same ones."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.codes import pass_codes
from flows.codes.key_sets import LISTS, KeySet, PublicKey

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
PARKING, IDENTITY, LIST, OLD, STRANGE = (Ed25519PrivateKey.from_private_bytes(bytes([each]) * 32) for each in range(5))
PARKING_KID, IDENTITY_KID, LIST_KID, OLD_KID = b"\x01\x01", b"\x02\x01", b"\x03\x01", b"\x01\x00"
KEYS = KeySet(
    4,
    [
        PublicKey(PARKING_KID, "parking", PARKING.public_key()),
        PublicKey(IDENTITY_KID, "identity", IDENTITY.public_key()),
        PublicKey(LIST_KID, LISTS, LIST.public_key()),
        PublicKey(OLD_KID, "parking", OLD.public_key(), until=NOW - timedelta(seconds=1)),
    ],
)
SUBJECT, CODE_ID = bytes(range(16)), bytes(range(100, 108))


def parking_code(at: datetime = NOW, code_id: bytes = CODE_ID, subject: bytes = SUBJECT) -> str:
    return pass_codes.issue(PARKING, PARKING_KID, subject, at, code_id)
