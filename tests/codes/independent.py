"""A verifier of pass codes written from the published format alone: nothing of the project is imported here."""

import hashlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LIFE, SKEW = 60, 20
# Sig_structure: array(4), "Signature1", bstr {1: -8}, bstr "SC1", bstr(35)
SIG_STRUCTURE = bytes.fromhex("846a5369676e61747572653143a1012743534331") + b"\x58\x23"


def unbase45(text: str) -> bytes:
    out = b""
    for at in range(0, len(text), 3):
        chunk = [ALPHABET.index(each) for each in text[at : at + 3]]
        value = sum(each * 45**power for power, each in enumerate(chunk))
        out += struct.pack(">H", value) if len(chunk) == 3 else struct.pack("B", value)
    return out


def accepted(text: str, public: dict[bytes, bytes], now: int) -> tuple[bytes, int, bytes] | None:
    """Return subject, time of issue and code id of a code that holds now, None for any other text."""
    try:
        data = unbase45(text.removeprefix("SC1:"))
        if not text.startswith("SC1:") or len(data) != 113:
            return None
        kid, subject, cti, signature = data[8:10], data[15:31], data[39:47], data[49:]
        (iat,) = struct.unpack(">I", data[33:37])
        payload = b"\xa3\x02\x50" + subject + b"\x06\x1a" + data[33:37] + b"\x07\x48" + cti
        if data != bytes.fromhex("8443a10127a10442") + kid + b"\x58\x23" + payload + b"\x58\x40" + signature:
            return None
        Ed25519PublicKey.from_public_bytes(public[kid]).verify(signature, SIG_STRUCTURE + payload)
    except (ValueError, struct.error, KeyError, InvalidSignature):
        return None
    return (subject, iat, cti) if iat - SKEW <= now <= iat + LIFE + SKEW else None


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Sig_structures: array(4), "Signature1", the algorithm, external_aad, the claims
CREDENTIAL_STRUCTURE = bytes.fromhex("846a5369676e61747572653143a10127") + b"\x4eSC2-CREDENTIAL\x58\x46"
PHONE_STRUCTURE = bytes.fromhex("846a5369676e61747572653143a10126") + b"\x58\x7aSC2"


def accepted_of_phone(text: str, public: dict[bytes, bytes], now: int) -> tuple[bytes, int, bytes] | None:
    """The same of a code that a phone has signed."""
    try:
        data = unbase45(text.removeprefix("SC2:"))
        if not text.startswith("SC2:") or len(data) != 187:
            return None
        kid, subject, exp, key, first = data[:2], data[2:18], data[18:22], data[22:55], data[55:119]
        (iat,) = struct.unpack(">I", data[119:123])
        odd = {2: b"\xf4", 3: b"\xf5"}[key[0]]
        cose_key = b"\xa4\x01\x02\x20\x01\x21\x58\x20" + key[1:] + b"\x22" + odd
        claims = b"\xa3\x02\x50" + subject + b"\x04\x1a" + exp + b"\x08\xa1\x01" + cose_key
        Ed25519PublicKey.from_public_bytes(public[kid]).verify(first, CREDENTIAL_STRUCTURE + claims)
        said = PHONE_STRUCTURE + data[:119] + b"\x47\xa1\x06\x1a" + data[119:123]
        verify_es256(key, data[123:], said)
    except (ValueError, struct.error, KeyError, InvalidSignature):
        return None
    (ends,), is_lower = struct.unpack(">I", exp), int.from_bytes(data[155:], "big") <= ORDER // 2
    if not is_lower or iat > ends or not iat - SKEW <= now <= iat + LIFE + SKEW:
        return None
    return subject, iat, hashlib.sha256(key + data[119:123]).digest()[:8]


def verify_es256(key: bytes, signature: bytes, said: bytes) -> None:
    """Raise InvalidSignature unless the key has signed it, by whichever of the two values of s."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    phone = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
    phone.verify(encode_dss_signature(r, s), said, ECDSA(SHA256()))
