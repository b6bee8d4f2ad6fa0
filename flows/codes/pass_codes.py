"""Pass codes that a gate verifies by itself: ``SC1:`` and a CWT (RFC 8392) in COSE_Sign1, in Base45.

113 bytes, 174 characters, a QR code of version 7 at level M. The life of a code is a constant, not a claim. Pure:
whoever verifies needs the key set and the time, no database and no network (docs/codes.md is the same for vendors).
"""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from flows.codes import base45, cose
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.refusals import Refusal

PREFIX = "SC1:"
AAD = b"SC1"
LIFE = timedelta(seconds=60)
SKEW = timedelta(seconds=20)
REFRESH = timedelta(seconds=30)  # when a phone that is online fetches the next one
SUBJECT_BYTES, CODE_ID_BYTES, CODE_BYTES = 16, 8, 113
_SUB, _IAT, _CTI = 2, 6, 7  # RFC 8392 section 4


class PassCode(Struct, frozen=True):
    """What a code says: whom, by the name that this group of verifiers knows; since when; and its own id.

    ``device`` is the key of the phone that has signed it, if a phone has.
    """

    subject: bytes
    issued_at: datetime
    code_id: bytes
    kid: bytes
    purpose: str
    device: bytes = b""

    @property
    def expires_at(self) -> datetime:
        """When no verifier takes it any more, however its clock errs."""
        return self.issued_at + LIFE + SKEW


def issue(key: Ed25519PrivateKey, kid: bytes, subject: bytes, issued_at: datetime, code_id: bytes) -> str:
    """Return the text of a code. ``issued_at`` may lie ahead: a batch for a basement has one a minute."""
    if len(subject) != SUBJECT_BYTES or len(code_id) != CODE_ID_BYTES:
        raise ValueError(f"a code has a subject of {SUBJECT_BYTES} bytes and an id of {CODE_ID_BYTES}")
    payload = _payload(subject, int(issued_at.timestamp()), code_id)
    return PREFIX + base45.encode(cose.sign(key, kid, payload, AAD))


def authentic(text: str, keys: KeySet, purposes: AbstractSet[str], now: datetime) -> PassCode:
    """Return what a code says, if it is for one of some purposes, whatever its age. Raises PassCodeRefusedError."""
    try:
        message = cose.read(bytes_of(text, PREFIX, CODE_BYTES))
    except cose.NotSignedError as error:
        raise _refused(Refusal.MALFORMED, f"The code is malformed: {error}") from error
    subject, issued_at, code_id = _claims(message.payload)
    found = keys.believed(message.kid, purposes, now)
    try:
        cose.verified(message, found.key, AAD)
    except cose.NotSignedError as error:
        raise _refused(Refusal.BAD_SIGNATURE, "The code's signature does not hold") from error
    return PassCode(subject, datetime.fromtimestamp(issued_at, UTC), code_id, message.kid, found.purpose)


def check_time(code: PassCode, now: datetime) -> None:
    """Raise PassCodeRefusedError unless ``issued_at - SKEW <= now <= issued_at + LIFE + SKEW``."""
    if now < code.issued_at - SKEW:
        raise _refused(Refusal.TOO_EARLY, "The code is of a later time than it is here")
    if now > code.expires_at:
        raise _refused(Refusal.EXPIRED, "The code is too old")


def bytes_of(text: str, prefix: str, size: int) -> bytes:
    """Return the bytes of a text with a prefix. Raises PassCodeRefusedError if it is no such code."""
    if not text.startswith(prefix):
        raise _refused(Refusal.NOT_A_CODE, "This is no pass code of this city")
    try:
        data = base45.decode(text[len(prefix) :])
    except ValueError as error:
        raise _refused(Refusal.NOT_A_CODE, "This is no pass code: it is no Base45") from error
    if len(data) != size:
        raise _refused(Refusal.NOT_A_CODE, f"This is no pass code: it has {len(data)} bytes, not {size}")
    return data


def _claims(payload: bytes) -> tuple[bytes, int, bytes]:
    try:
        match cbor2.loads(payload):
            case {2: bytes(subject), 6: int(issued_at), 7: bytes(code_id)} if (
                len(subject) == SUBJECT_BYTES
                and len(code_id) == CODE_ID_BYTES
                and issued_at >= 0
                and _payload(subject, issued_at, code_id) == payload
            ):
                return subject, issued_at, code_id
    except (cbor2.CBORError, RecursionError, ValueError, TypeError):
        pass
    raise _refused(Refusal.MALFORMED, "The code's claims are malformed")


def _payload(subject: bytes, issued_at: int, code_id: bytes) -> bytes:
    return cbor2.dumps({_SUB: subject, _IAT: issued_at, _CTI: code_id}, canonical=True)


def _refused(reason: Refusal, message: str) -> PassCodeRefusedError:
    return PassCodeRefusedError(reason, message)
