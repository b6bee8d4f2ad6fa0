"""Codes that a phone signs by itself, offline too: ``SC2:`` and Base45 of a credential and of the phone's signature.

187 bytes, 285 characters, a QR code of version 10 at level M. Both signatures are COSE's (RFC 9052 section 4.4) over
CWT claims (RFC 8392); what all codes have in common is not in the picture, the verifier writes it anew. The phone's
key is P-256, which phones' key stores keep in hardware (docs/decisions/0077). Pure, as ``pass_codes`` is.
"""

import hashlib
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from msgspec import Struct
from msgspec.structs import replace

from flows.codes import base45, cose
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.pass_codes import CODE_ID_BYTES, SUBJECT_BYTES, PassCode, bytes_of
from flows.codes.refusals import Refusal

PREFIX = "SC2:"
AAD, CREDENTIAL_AAD, BINDING_AAD = b"SC2", b"SC2-CREDENTIAL", b"SC2-BIND"
KEY_BYTES, SIGNATURE_BYTES, CREDENTIAL_BYTES, CODE_BYTES = 33, 64, 119, 187
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2 section 2.4.2)
_SUB, _EXP, _IAT, _CNF = 2, 4, 6, 8  # RFC 8392 section 4, RFC 8747 section 3.1
_ES256 = cbor2.dumps({1: -7})  # RFC 9053 section 2.1


class Credential(Struct, frozen=True):
    """What the platform says: until when a phone with this key may sign codes for a holder, for the kid's purpose."""

    kid: bytes
    subject: bytes
    expires_at: datetime
    device: bytes  # a point of P-256, compressed (SEC 1 section 2.3.3)


def issue(key: Ed25519PrivateKey, credential: Credential) -> bytes:
    """Return a credential as the phone keeps it: 119 bytes."""
    return _head(credential) + key.sign(cose.to_be_signed(_claims(credential), CREDENTIAL_AAD))


def to_sign(credential: bytes, issued_at: datetime) -> bytes:
    """Return what the phone signs by ES256 for a code of this second: with its credential, so with no other one."""
    return cose.to_be_signed(cbor2.dumps({_IAT: int(issued_at.timestamp())}), AAD + credential, _ES256)


def to_bind(challenge: bytes) -> bytes:
    """Return what a phone signs to show that it has a key."""
    return cose.to_be_signed(challenge, BINDING_AAD, _ES256)


def text_of(credential: bytes, issued_at: datetime, signature: bytes) -> str:
    """Return the text of a code."""
    return PREFIX + base45.encode(credential + _seconds(issued_at) + signature)


def from_der(signature: bytes) -> bytes:
    """Return a signature as codes have it, of one as key stores give it: r and the lower s."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(SIGNATURE_BYTES // 2) + min(s, _ORDER - s).to_bytes(SIGNATURE_BYTES // 2)


def authentic(text: str, keys: KeySet, purposes: AbstractSet[str], now: datetime) -> PassCode:
    """Return what a code says, whatever its age. Raises PassCodeRefusedError."""
    data, code = bytes_of(text, PREFIX, CODE_BYTES), stated(text)
    written, signature = data[:CREDENTIAL_BYTES], data[-SIGNATURE_BYTES:]
    credential = _read(written)
    try:
        device = public_key(credential.device)
    except ValueError as error:
        raise PassCodeRefusedError(Refusal.MALFORMED, "The phone's key is no key") from error
    signer = keys.believed(credential.kid, purposes, now)
    try:
        signer.key.verify(written[-SIGNATURE_BYTES:], cose.to_be_signed(_claims(credential), CREDENTIAL_AAD))
        verify(device, signature, to_sign(written, code.issued_at))
    except InvalidSignature as error:
        raise PassCodeRefusedError(Refusal.BAD_SIGNATURE, "The code's signatures do not hold") from error
    if code.issued_at > credential.expires_at:
        raise PassCodeRefusedError(Refusal.EXPIRED, "The phone may sign no codes any more: its credential is over")
    return replace(code, purpose=signer.purpose)


def stated(text: str) -> PassCode:
    """Return what a code says, believed by nobody yet. Raises PassCodeRefusedError.

    Its id is made of the key and the second: whatever a phone signs in one second is one code.
    """
    data = bytes_of(text, PREFIX, CODE_BYTES)
    credential, said = _read(data[:CREDENTIAL_BYTES]), data[CREDENTIAL_BYTES:-SIGNATURE_BYTES]
    issued_at = datetime.fromtimestamp(int.from_bytes(said), UTC)
    code_id = hashlib.sha256(credential.device + said).digest()[:CODE_ID_BYTES]
    return PassCode(credential.subject, issued_at, code_id, credential.kid, "", credential.device)


def public_key(compressed: bytes) -> EllipticCurvePublicKey:
    """Return a phone's key. Raises ValueError for anything but a compressed point of the curve."""
    if len(compressed) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), compressed)


def verify(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    """Raise InvalidSignature unless r and s, s of the lower half, sign a message: the other s would be an alias."""
    half = SIGNATURE_BYTES // 2
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    if len(signature) != SIGNATURE_BYTES or s > _ORDER // 2:
        raise InvalidSignature
    key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))


def _head(credential: Credential) -> bytes:
    return credential.kid + credential.subject + _seconds(credential.expires_at) + credential.device


def _read(written: bytes) -> Credential:
    kid, rest = written[: cose.KID_BYTES], written[cose.KID_BYTES :]
    subject, rest = rest[:SUBJECT_BYTES], rest[SUBJECT_BYTES:]
    return Credential(kid, subject, datetime.fromtimestamp(int.from_bytes(rest[:4]), UTC), rest[4 : 4 + KEY_BYTES])


def _claims(credential: Credential) -> bytes:
    """Return the claims: for whom, until when, and the phone's key as a COSE_Key (RFC 9053 section 7.1.1)."""
    key = {1: 2, -1: 1, -2: credential.device[1:], -3: credential.device[0] == 3}  # odd or even
    expires = int(credential.expires_at.timestamp())
    return cbor2.dumps({_SUB: credential.subject, _EXP: expires, _CNF: {1: key}}, canonical=True)


def _seconds(at: datetime) -> bytes:
    return int(at.timestamp()).to_bytes(4)
