"""One profile of COSE_Sign1 (RFC 9052 section 4.2): EdDSA with Ed25519, a key id, no tag, and nothing else.

What it signs differs by ``external_aad``, so a signature for one use is worth nothing for another. Reading is strict:
only the bytes that ``sign`` itself would write are taken, so nobody can write a second form of something signed.
Structure is cbor2's, signatures are cryptography's; pycose is not used, as it is not maintained (the tests ask it).
"""

from collections.abc import Callable

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

_ALG, _KID, _EDDSA = 1, 4, -8  # RFC 9052 section 3.1, RFC 9053 section 2.2
_PROTECTED = cbor2.dumps({_ALG: _EDDSA})
KID_BYTES = 2


class NotSignedError(ValueError):
    """The bytes are not exactly a message of this profile, or its signature does not hold."""


class Message(Struct, frozen=True):
    """A message that is well formed; nothing of it is believed before ``verified``."""

    kid: bytes
    payload: bytes
    signature: bytes


def sign(key: Ed25519PrivateKey, kid: bytes, payload: bytes, aad: bytes) -> bytes:
    """Return the message as bytes."""
    return written(Message(kid, payload, key.sign(to_be_signed(payload, aad))))


def written(message: Message) -> bytes:
    """Return the one encoding of a message."""
    parts = [_PROTECTED, {_KID: message.kid}, message.payload, message.signature]
    return cbor2.dumps(parts, canonical=True)


def read(data: bytes) -> Message:
    """Read a message. Raises NotSignedError for anything that ``written`` would not have written."""
    try:
        match cbor2.loads(data):
            case [bytes(), {4: bytes(kid)}, bytes(payload), bytes(signature)] if len(kid) == KID_BYTES:
                message = Message(kid, payload, signature)
            case _:
                raise NotSignedError("this is no COSE_Sign1 message of this profile")
    except (cbor2.CBORError, RecursionError, ValueError) as error:
        raise NotSignedError("this is no CBOR") from error
    if written(message) != data:
        raise NotSignedError("this is not the one encoding of the message")
    return message


def verified(message: Message, key: Ed25519PublicKey, aad: bytes) -> bytes:
    """Return the payload. Raises NotSignedError if the key has not signed it for this use."""
    try:
        key.verify(message.signature, to_be_signed(message.payload, aad))
    except InvalidSignature as error:
        raise NotSignedError("the signature does not hold") from error
    return message.payload


def opened(data: bytes, find: Callable[[bytes], Ed25519PublicKey | None], aad: bytes) -> bytes:
    """Return the payload of a message by any of the keys that ``find`` knows. Raises NotSignedError."""
    message = read(data)
    key = find(message.kid)
    if key is None:
        raise NotSignedError(f"the key {message.kid.hex()} is not known")
    return verified(message, key, aad)


def to_be_signed(payload: bytes, aad: bytes, protected: bytes = _PROTECTED) -> bytes:
    """Return the Sig_structure (RFC 9052 section 4.4)."""
    return cbor2.dumps(["Signature1", protected, aad, payload])
