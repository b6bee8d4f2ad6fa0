"""The algorithms as two interchangeable suites: international ones, and the national ones of GM/T.

``intl`` is AES-256-GCM (NIST SP 800-38D), SHA-256 and HMAC-SHA-256; ``gm`` is SM4-GCM (GB/T 32907), SM3 (GB/T 32905)
and HMAC-SM3. All come from ``cryptography``. Signatures stand apart: ``sm2.py`` needs a library of its own.
"""

from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SuiteName = Literal["intl", "gm"]

NONCE_BYTES = 12  # SP 800-38D section 5.2.1.1: 96 bits are used as they are
TAG_BYTES = 16


class Suite(Protocol):
    """One choice of algorithms. All methods are pure and may be called from any thread."""

    @property
    def name(self) -> SuiteName:
        """What settings, key files and reports call it."""

    @property
    def version(self) -> int:
        """The first byte of whatever it sealed; it never changes."""

    @property
    def key_bytes(self) -> int:
        """The length of a key for ``seal`` and ``open``."""

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Return ciphertext and tag. A nonce of 12 bytes must never come twice with one key."""

    def open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """Return the plaintext; ``cryptography.exceptions.InvalidTag`` if anything at all is different."""

    def digest(self, data: bytes) -> bytes:
        """Return the hash, 32 bytes."""

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return the HMAC (RFC 2104), 32 bytes."""

    def derive(self, key: bytes, purpose: bytes, length: int) -> bytes:
        """Return a key of ``length`` bytes for one purpose (HKDF, RFC 5869, no salt: the key is already random)."""


class Intl:
    """AES-256-GCM, SHA-256, HMAC-SHA-256."""

    name: SuiteName = "intl"
    version = 1
    key_bytes = 32

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        return AESGCM(_checked(key, self.key_bytes)).encrypt(nonce, plaintext, aad)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        return AESGCM(_checked(key, self.key_bytes)).decrypt(nonce, sealed, aad)

    def digest(self, data: bytes) -> bytes:
        return _digest(hashes.SHA256(), data)

    def mac(self, key: bytes, data: bytes) -> bytes:
        return _mac(hashes.SHA256(), key, data)

    def derive(self, key: bytes, purpose: bytes, length: int) -> bytes:
        return HKDF(hashes.SHA256(), length, None, purpose).derive(key)


class Gm:
    """SM4-GCM with its 128-bit key, SM3, HMAC-SM3."""

    name: SuiteName = "gm"
    version = 2
    key_bytes = 16

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        encryptor = Cipher(SM4(_checked(key, self.key_bytes)), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag

    def open(self, key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        if len(sealed) < TAG_BYTES:
            raise InvalidTag
        ciphertext, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        decryptor = Cipher(SM4(_checked(key, self.key_bytes)), GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(ciphertext) + decryptor.finalize()

    def digest(self, data: bytes) -> bytes:
        return _digest(hashes.SM3(), data)

    def mac(self, key: bytes, data: bytes) -> bytes:
        return _mac(hashes.SM3(), key, data)

    def derive(self, key: bytes, purpose: bytes, length: int) -> bytes:
        return HKDF(hashes.SM3(), length, None, purpose).derive(key)


INTL = Intl()
GM = Gm()
SUITES: dict[SuiteName, Suite] = {"intl": INTL, "gm": GM}
BY_VERSION: dict[int, Suite] = {suite.version: suite for suite in SUITES.values()}


def framed(*parts: str) -> bytes:
    """Put texts behind one another, each after its length in 4 bytes, so that no two lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(each).to_bytes(4) + each for each in encoded)


def _checked(key: bytes, length: int) -> bytes:
    """Refuse another length: AES would take 16 bytes as AES-128, which no suite here is."""
    if len(key) != length:
        raise ValueError(f"a key of {length} bytes is needed, not of {len(key)}")
    return key


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _mac(algorithm: hashes.HashAlgorithm, key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, algorithm)
    mac.update(data)
    return mac.finalize()
