"""SM2 signatures with SM3 (GB/T 32918.2, GM/T 0009), for links whose other side asks for them.

``cryptography`` has no SM2; the optional library tongsuopy (the extra ``gm``) has. Its own ``sign`` knows the default
user id alone, so the digest that is signed, ``e = SM3(Z || message)`` of section 5.5, is made here for any id, and the
library signs the digest through the functions of OpenSSL that it binds (``EVP_PKEY_sign``). That is its inside: it is
why the tests hold every form and id against the ``openssl`` program.
"""

import importlib
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from kernel.crypto.errors import Sm2KeyError, Sm2UnavailableError
from kernel.crypto.suite import GM

DEFAULT_USER_ID = b"1234567812345678"  # GM/T 0009 section 10
Form = Literal["der", "raw"]
"""``der`` is SEQUENCE { r, s }, as certificates and OpenSSL have it; ``raw`` is r || s, 32 bytes each."""

_BYTES = 32
_LONGEST_ID = 2**13 - 1  # its length in bits is written in 2 bytes
# The curve of GB/T 32918.5: a, b and the base point, which Z covers.
_CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)


class PublicKey:
    """An SM2 public key; ``public_key`` reads one."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def is_signed(self, message: bytes, signature: bytes, *, form: Form, user_id: bytes = DEFAULT_USER_ID) -> bool:
        """Whether the signature is this key's of the message; anything malformed is just not one."""
        try:
            der = _der(signature) if form == "raw" else _canonical(signature)
        except ValueError:
            return False
        return _verified(self._key, der, _digest(self._key, message, user_id))


class PrivateKey:
    """An SM2 private key; ``private_key`` reads one. It shows nothing of itself."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, message: bytes, *, form: Form, user_id: bytes = DEFAULT_USER_ID) -> bytes:
        """Return the signature of the message in the form asked for."""
        der = _signed(self._key, _digest(self._key.public_key(), message, user_id))
        return der if form == "der" else _raw(der)


def private_key(pem: bytes, what: str) -> PrivateKey:
    """Read an unencrypted PEM private key. Raises Sm2KeyError, in which ``what`` names it, and Sm2UnavailableError."""
    serialization = _library("crypto.serialization")
    return PrivateKey(_read(lambda: serialization.load_pem_private_key(pem, None), what, "EllipticCurvePrivateKey"))


def public_key(pem: bytes, what: str) -> PublicKey:
    """Read a PEM public key (SubjectPublicKeyInfo). Raises as ``private_key`` does."""
    serialization = _library("crypto.serialization")
    return PublicKey(_read(lambda: serialization.load_pem_public_key(pem), what, "EllipticCurvePublicKey"))


def _library(part: str) -> Any:
    try:
        return importlib.import_module(f"tongsuopy.{part}")
    except ImportError as error:
        raise Sm2UnavailableError from error


def _read(load: Any, what: str, kind: str) -> Any:
    ec, exceptions = _library("crypto.asymciphers.ec"), _library("crypto.exceptions")
    try:
        key = load()
    except (ValueError, TypeError, exceptions.UnsupportedAlgorithm, exceptions.InternalError) as error:
        raise Sm2KeyError(
            f"{what} cannot be read: {type(error).__name__}", fix="Give an unencrypted PEM file with an SM2 key."
        ) from error
    if not isinstance(key, getattr(ec, kind)) or key.curve.name != "SM2":
        raise Sm2KeyError(f"{what} is no SM2 key", fix="Make one: openssl genpkey -algorithm SM2.")
    return key


def _digest(public: Any, message: bytes, user_id: bytes) -> bytes:
    """Return e = SM3(Z || message), where Z binds the user id, the curve and the public key."""
    if len(user_id) > _LONGEST_ID:
        raise ValueError(f"an SM2 user id has at most {_LONGEST_ID} bytes")
    point = public.public_numbers()
    place = point.x.to_bytes(_BYTES) + point.y.to_bytes(_BYTES)
    z = GM.digest((len(user_id) * 8).to_bytes(2) + user_id + _CURVE + place)
    return GM.digest(z + message)


def _signed(key: Any, digest: bytes) -> bytes:
    backend = key._backend  # noqa: SLF001 - the library's own way takes no user id, see above
    lib, ffi = backend._lib, backend._ffi  # noqa: SLF001 - as above
    context = _context(key, lib.EVP_PKEY_sign_init)
    length = ffi.new("size_t *")
    backend.openssl_assert(lib.EVP_PKEY_sign(context, ffi.NULL, length, digest, len(digest)) == 1)
    buffer = ffi.new("unsigned char[]", length[0])
    backend.openssl_assert(lib.EVP_PKEY_sign(context, buffer, length, digest, len(digest)) == 1)
    return bytes(ffi.buffer(buffer, length[0]))


def _verified(key: Any, der: bytes, digest: bytes) -> bool:
    backend = key._backend  # noqa: SLF001 - as above
    context = _context(key, backend._lib.EVP_PKEY_verify_init)  # noqa: SLF001 - as above
    found = backend._lib.EVP_PKEY_verify(context, der, len(der), digest, len(digest))  # noqa: SLF001 - as above
    backend._consume_errors()  # noqa: SLF001 - a refusal leaves some behind, which the next call would report
    return bool(found == 1)


def _context(key: Any, init: Any) -> Any:
    backend = key._backend  # noqa: SLF001 - as above
    lib, ffi = backend._lib, backend._ffi  # noqa: SLF001 - as above
    context = ffi.gc(lib.EVP_PKEY_CTX_new(key._evp_pkey, ffi.NULL), lib.EVP_PKEY_CTX_free)  # noqa: SLF001 - as above
    backend.openssl_assert(init(context) == 1)
    return context


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(_BYTES) + s.to_bytes(_BYTES)


def _der(raw: bytes) -> bytes:
    if len(raw) != 2 * _BYTES:
        raise ValueError(f"a raw signature has {2 * _BYTES} bytes")
    return encode_dss_signature(int.from_bytes(raw[:_BYTES]), int.from_bytes(raw[_BYTES:]))


def _canonical(der: bytes) -> bytes:
    """Refuse what is no DER of two integers, and any second way to write the same one."""
    again = encode_dss_signature(*decode_dss_signature(der))
    if again != der:
        raise ValueError("the signature is not in DER")
    return again
