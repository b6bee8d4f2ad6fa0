"""Signed receipts: "this plate has paid for this lot until then", for gates that are offline. ``SR1:``, then as SC1.

A receipt is no pass: it is signed under another name (``external_aad``), so that neither is ever taken for the other.
The plate is a hash, of the canonical plate and the lot: a gate compares it with that of the plate it has read. It is
not secret (plates can be tried out); it only keeps plates out of pictures and logs.
"""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from flows.codes import base45, cose
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.pass_codes import CODE_ID_BYTES, SKEW
from flows.codes.refusals import Refusal

PREFIX = "SR1:"
AAD = b"SR1"
PURPOSE = "parking"
_SUB, _AUD, _EXP, _CTI = 2, 3, 4, 7  # RFC 8392 section 4


class Receipt(Struct, frozen=True):
    """What is stated: the plate (as a hash) has paid for ``lot`` until ``paid_until``."""

    plate_hash: bytes
    lot: UUID
    paid_until: datetime
    receipt_id: bytes


def plate_hash(lot: UUID, plate: str) -> bytes:
    """Return 16 bytes for a canonical plate at a lot."""
    return hashlib.sha256(b"plate:" + lot.bytes + plate.encode()).digest()[:16]


def issue(key: Ed25519PrivateKey, kid: bytes, receipt: Receipt) -> str:
    """Return the text of a receipt."""
    if len(receipt.plate_hash) != 16 or len(receipt.receipt_id) != CODE_ID_BYTES:
        raise ValueError(f"a receipt has a plate's hash of 16 bytes and an id of {CODE_ID_BYTES}")
    return PREFIX + base45.encode(cose.sign(key, kid, _payload(receipt), AAD))


def verify(text: str, keys: KeySet, lot: UUID, now: datetime) -> Receipt:
    """Return what a receipt states for this lot and time. Raises PassCodeRefusedError."""
    message, receipt = _read(text)
    found = keys.believed(message.kid, {PURPOSE}, now)
    if receipt.lot != lot:
        raise PassCodeRefusedError(Refusal.WRONG_PURPOSE, "The receipt is for another lot")
    try:
        cose.verified(message, found.key, AAD)
    except cose.NotSignedError as error:
        raise PassCodeRefusedError(Refusal.BAD_SIGNATURE, "The receipt's signature does not hold") from error
    if now > receipt.paid_until + SKEW:
        raise PassCodeRefusedError(Refusal.EXPIRED, "What the receipt pays for is over")
    return receipt


def _read(text: str) -> tuple[cose.Message, Receipt]:
    if not text.startswith(PREFIX):
        raise PassCodeRefusedError(Refusal.NOT_A_CODE, "This is no receipt of this city")
    try:
        message = cose.read(base45.decode(text[len(PREFIX) :]))
        match cbor2.loads(message.payload):
            case {2: bytes(plate), 3: bytes(lot), 4: int(until), 7: bytes(receipt_id)}:
                receipt = Receipt(plate, UUID(bytes=lot), datetime.fromtimestamp(until, UTC), receipt_id)
            case _:
                raise PassCodeRefusedError(Refusal.MALFORMED, "The receipt's claims are malformed")
    except (ValueError, OverflowError, OSError, cbor2.CBORError, RecursionError) as error:
        raise PassCodeRefusedError(Refusal.MALFORMED, "The receipt is malformed") from error
    if _payload(receipt) != message.payload:
        raise PassCodeRefusedError(Refusal.MALFORMED, "The receipt is not in its one encoding")
    return message, receipt


def _payload(receipt: Receipt) -> bytes:
    until = int(receipt.paid_until.timestamp())
    claims = {_SUB: receipt.plate_hash, _AUD: receipt.lot.bytes, _EXP: until, _CTI: receipt.receipt_id}
    return cbor2.dumps(claims, canonical=True)
