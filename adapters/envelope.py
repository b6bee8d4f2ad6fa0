"""AES-CBC as the host apps use it, and the envelope in which WeChat and Baidu put what they push.

The envelope is 16 random bytes, the length of the data (4 bytes, big endian), the data, the app's id; padded in blocks
of 32 bytes, so with 1 to 32 bytes, of which ordinary AES unpadders refuse all above 16.
"""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK_BITS = 128
_ENVELOPE_BITS = 256  # the padding's block, not the cipher's
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4


def encrypt(key: bytes, iv: bytes, plaintext: bytes, block_bits: int = _BLOCK_BITS) -> bytes:
    """AES-CBC with PKCS#7 (RFC 5652 section 6.3); the key's length chooses AES-128, -192 or -256."""
    padder = PKCS7(block_bits).padder()
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()


def decrypt(key: bytes, iv: bytes, ciphertext: bytes, block_bits: int = _BLOCK_BITS) -> bytes:
    """Undo ``encrypt``; ValueError for another key's ciphertext (mostly: CBC proves nothing) or a wrong length."""
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    unpadder = PKCS7(block_bits).unpadder()
    return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()


def seal(key: bytes, iv: bytes, data: bytes, app_id: str, random: bytes) -> bytes:
    """Put data into an encrypted envelope; ``random`` are 16 fresh random bytes."""
    if len(random) != _RANDOM_BYTES:
        raise ValueError(f"an envelope begins with {_RANDOM_BYTES} random bytes, not {len(random)}")
    length = len(data).to_bytes(_LENGTH_BYTES)
    return encrypt(key, iv, random + length + data + app_id.encode(), _ENVELOPE_BITS)


def unseal(key: bytes, iv: bytes, sealed: bytes, app_id: str) -> bytes:
    """Return an envelope's data. ValueError if it cannot be opened or is another app's."""
    clear = decrypt(key, iv, sealed, _ENVELOPE_BITS)
    start = _RANDOM_BYTES + _LENGTH_BYTES
    end = start + int.from_bytes(clear[_RANDOM_BYTES:start])
    if len(clear) < start or end > len(clear):
        raise ValueError("the envelope is shorter than it says")
    if clear[end:] != app_id.encode():
        raise ValueError("the envelope is for another app")
    return clear[start:end]
