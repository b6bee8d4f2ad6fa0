"""The two suites of ciphers behind one interface: ``intl`` (AES-256-GCM, SHA-256) and ``gm`` (SM4-GCM, SM3).

Both are those of the ``cryptography`` library. A deployment seals with one; what either has sealed is read for ever.
"""

from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kernel.crypto.errors import SealBrokenError

NONCE_BYTES = 12  # NIST SP 800-38D section 8.2
TAG_BYTES = 16


class Suite(Protocol):
    """Authenticated encryption, a digest and a MAC that belong together. ``code`` marks what it has sealed."""

    name: str
    code: int
    key_bytes: int

    def seal(self, key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
        """Return ciphertext and tag; ``bound`` must be the same to open it, and no key meets a nonce twice."""
        ...

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """Raise SealBrokenError for whatever was not sealed so."""
        ...

    def digest(self, data: bytes) -> bytes: ...

    def mac(self, key: bytes, data: bytes) -> bytes: ...

    def derive(self, key: bytes, purpose: bytes) -> bytes:
        """Return a key of this suite for one purpose (HKDF, RFC 5869)."""
        ...


class _Hashing:
    """What both suites do alike, by the hash of each."""

    key_bytes: int
    _hash: hashes.HashAlgorithm

    def digest(self, data: bytes) -> bytes:
        made = hashes.Hash(self._hash)
        made.update(data)
        return made.finalize()

    def mac(self, key: bytes, data: bytes) -> bytes:
        made = hmac.HMAC(key, self._hash)
        made.update(data)
        return made.finalize()

    def derive(self, key: bytes, purpose: bytes) -> bytes:
        return HKDF(self._hash, self.key_bytes, salt=None, info=purpose).derive(key)


class International(_Hashing):
    """AES-256-GCM and SHA-256."""

    name = "intl"
    code = 1
    key_bytes = 32
    _hash = hashes.SHA256()

    def seal(self, key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, plain, bound)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(nonce, sealed, bound)
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError.plain() from error


class Commercial(_Hashing):
    """SM4-GCM (GB/T 32907, GM/T 0009 for the mode) and SM3 (GB/T 32905), China's commercial ciphers."""

    name = "gm"
    code = 2
    key_bytes = 16
    _hash = hashes.SM3()

    def seal(self, key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
        made = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(bound)
        return made.update(plain) + made.finalize() + made.tag

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        try:
            made = Cipher(algorithms.SM4(key), modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
            made.authenticate_additional_data(bound)
            return made.update(sealed[:-TAG_BYTES]) + made.finalize()
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError.plain() from error


INTL, GM = International(), Commercial()
SUITES: dict[str, Suite] = {INTL.name: INTL, GM.name: GM}
BY_CODE: dict[int, Suite] = {INTL.code: INTL, GM.code: GM}
