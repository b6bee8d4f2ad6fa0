"""Keys and codes that tests issue, always the same ones."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flows.codes import device_codes, pass_codes
from flows.codes.device_codes import Credential
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
ENDS = NOW + timedelta(days=7)
SUBJECT, CODE_ID = bytes(range(16)), bytes(range(100, 108))


def parking_code(at: datetime = NOW, code_id: bytes = CODE_ID, subject: bytes = SUBJECT) -> str:
    return pass_codes.issue(PARKING, PARKING_KID, subject, at, code_id)


class Phone:
    """A phone with a key in its key store, always the same one for a number."""

    def __init__(self, number: int = 1) -> None:
        self._key: EllipticCurvePrivateKey = derive_private_key(number, SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def sign(self, message: bytes) -> bytes:
        return device_codes.from_der(self._key.sign(message, ECDSA(SHA256(), deterministic_signing=True)))

    def code(self, credential: bytes, at: datetime = NOW) -> str:
        return device_codes.text_of(credential, at, self.sign(device_codes.to_sign(credential, at)))


PHONE = Phone()


def parking_credential(phone: Phone = PHONE, ends: datetime = ENDS, subject: bytes = SUBJECT) -> bytes:
    return device_codes.issue(PARKING, Credential(PARKING_KID, subject, ends, phone.public))
