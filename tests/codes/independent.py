"""A verifier of pass codes written from the published format alone: nothing of the project is imported here."""

import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

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
