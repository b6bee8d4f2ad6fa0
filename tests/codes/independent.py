"""A gate without a network, written from docs/codes.md alone: nothing of the project is imported here."""

import hashlib
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LIFE, SKEW, RETRY, DAY = 60, 20, 5, 24 * 3600
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HEAD = bytes.fromhex("8443a10127a10442")  # array(4), bstr {1: -8}, map(1), 4, bstr(2)


class Refused(Exception):  # noqa: N818 - the vendor's own word
    """Its argument is the reason."""


class Key(NamedTuple):
    purpose: str
    public: bytes
    until: int = 0


class Code(NamedTuple):
    subject: bytes
    issued_at: int
    code_id: bytes


class Gate:
    """``keys`` and ``revoked`` as they were fetched; ``clock`` is its error and when it was compared."""

    def __init__(self, keys: Mapping[bytes, Key], version: int = 0) -> None:
        self.keys, self.version = keys, version
        self.revoked: bytes | None = None
        self.listed = (0, 0)  # the list's version and time
        self.clock: tuple[int, int] | None = None
        self.seen: dict[bytes, tuple[str, str, int]] = {}

    def take_keys(self, data: bytes, now: int) -> None:
        said = self._listed(data, b"SC1-KEYS", now)
        if said["version"] < self.version:
            raise Refused("older")
        self.version = said["version"]
        self.keys = {each["key"][2]: Key(each["purpose"], each["key"][-2], each["until"]) for each in said["keys"]}

    def take_list(self, data: bytes, now: int) -> None:
        said = self._listed(data, b"SC1-REVOKED", now)
        if (said["version"], said["issued_at"]) < self.listed:
            raise Refused("older")
        self.listed, self.revoked = (said["version"], said["issued_at"]), said["revoked"]

    def _listed(self, data: bytes, aad: bytes, now: int) -> Any:
        kid, payload, signature = message(data)
        if self.keys.get(kid, Key("", b"")).purpose != "lists" or 0 < self.keys[kid].until <= now:
            raise Refused("another key")
        verify_eddsa(self.keys[kid].public, signature, aad, payload)
        return cbor2.loads(payload)

    def judge(self, text: str, purpose: str, now: int, risk: str = "any") -> Code:
        """Raises Refused, in the order of the page."""
        if self.clock is None or abs(self.clock[0]) > 15 or not -20 <= now - self.clock[1] <= DAY:
            raise Refused("online_only")
        code, named = (self._of_phone if text.startswith("SC2:") else self._of_platform)(text, purpose, now)
        if now < code.issued_at - SKEW:
            raise Refused("too_early")
        if now > code.issued_at + LIFE + SKEW:
            raise Refused("expired")
        revoked = self.revoked or b""
        listed = {revoked[at : at + 8] for at in range(0, len(revoked), 8)}
        if any(hashlib.sha256(each).digest()[:8] in listed for each in named):
            raise Refused("revoked")
        if risk != "low" and (self.revoked is None or now - self.listed[1] > DAY):
            raise Refused("list_too_old")
        return code

    def use(self, text: str, purpose: str, now: int, request: tuple[str, str]) -> None:
        """Judge a code and let it through once. Raises Refused."""
        code = self.judge(text, purpose, now)
        gate, request_id, at = self.seen.setdefault(code.code_id, (*request, now))
        if (gate, request_id) != request or now - at > RETRY:
            raise Refused("replay")

    def receipt(self, text: str, lot: bytes, now: int) -> bytes:
        """Return the plate's hash. Raises Refused."""
        if not text.startswith("SR1:"):
            raise Refused("not_a_code")
        try:
            kid, payload, signature = message(unbase45(text[4:]))
        except ValueError as error:
            raise Refused("malformed") from error
        plate, at, until, receipt_id = payload[3:19], payload[21:37], payload[39:43], payload[45:]
        if payload != b"\xa4\x02\x50" + plate + b"\x03\x50" + at + b"\x04\x1a" + until + b"\x07\x48" + receipt_id:
            raise Refused("malformed")
        public = self._believed(kid, "parking", now)
        if at != lot:
            raise Refused("wrong_purpose")
        verify_eddsa(public, signature, b"SR1", payload)
        if now > int.from_bytes(until, "big") + SKEW:
            raise Refused("expired")
        return plate

    def _of_platform(self, text: str, purpose: str, now: int) -> tuple[Code, list[bytes]]:
        data = bytes_of(text, "SC1:", 113)
        try:
            kid, payload, signature = message(data)
        except (ValueError, Refused) as error:
            raise Refused("malformed") from error
        subject, issued, code_id = payload[3:19], payload[21:25], payload[27:]
        if payload != b"\xa3\x02\x50" + subject + b"\x06\x1a" + issued + b"\x07\x48" + code_id or len(code_id) != 8:
            raise Refused("malformed")
        verify_eddsa(self._believed(kid, purpose, now), signature, b"SC1", payload)
        named = [b"subject:" + subject, b"code:" + code_id, b"key:" + kid]
        return Code(subject, int.from_bytes(issued, "big"), code_id), named

    def _of_phone(self, text: str, purpose: str, now: int) -> tuple[Code, list[bytes]]:
        data = bytes_of(text, "SC2:", 187)
        kid, subject, exp, key, first, issued = struct.unpack(">2s16s4s33s64s4s", data[:123])
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
            odd = {2: b"\xf4", 3: b"\xf5"}[key[0]]
        except (ValueError, KeyError) as error:
            raise Refused("malformed") from error
        cose_key = b"\xa4\x01\x02\x20\x01\x21\x58\x20" + key[1:] + b"\x22" + odd
        claims = b"\xa3\x02\x50" + subject + b"\x04\x1a" + exp + b"\x08\xa1\x01" + cose_key
        verify_eddsa(self._believed(kid, purpose, now), first, b"SC2-CREDENTIAL", claims)
        structure = b"\x84\x6aSignature1\x43\xa1\x01\x26" + bstr(b"SC2" + data[:119]) + b"\x47\xa1\x06\x1a" + issued
        try:
            verify_es256(key, data[123:], structure)
        except InvalidSignature as error:
            raise Refused("bad_signature") from error
        if int.from_bytes(data[155:], "big") > ORDER // 2:
            raise Refused("bad_signature")
        if issued > exp:
            raise Refused("expired")
        code_id = hashlib.sha256(key + issued).digest()[:8]
        named = [b"subject:" + subject, b"code:" + code_id, b"key:" + kid, b"device:" + key]
        return Code(subject, int.from_bytes(issued, "big"), code_id), named

    def _believed(self, kid: bytes, purpose: str, now: int) -> bytes:
        if kid not in self.keys:
            raise Refused("unknown_key")
        key = self.keys[kid]
        if key.purpose != purpose:
            raise Refused("wrong_purpose")
        if 0 < key.until <= now:
            raise Refused("key_retired")
        return key.public


def unbase45(text: str) -> bytes:
    out = b""
    for at in range(0, len(text), 3):
        chunk = [ALPHABET.index(each) for each in text[at : at + 3]]
        value = sum(each * 45**power for power, each in enumerate(chunk))
        if len(chunk) == 1 or value >= 256 ** (len(chunk) - 1):
            raise ValueError("no encoder writes this")
        out += value.to_bytes(len(chunk) - 1, "big")
    return out


def bytes_of(text: str, prefix: str, size: int) -> bytes:
    try:
        data = unbase45(text.removeprefix(prefix))
    except ValueError as error:
        raise Refused("not_a_code") from error
    if not text.startswith(prefix) or len(data) != size:
        raise Refused("not_a_code")
    return data


def message(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return key id, payload and signature of exactly the bytes that the page has. Raises Refused."""
    kid, payload, signature = data[8:10], data[10:-66], data[-64:]
    size = {b"\x58": 2, b"\x59": 3, b"\x5a": 5}.get(payload[:1], 0)
    if data != HEAD + kid + bstr(payload[size:]) + b"\x58\x40" + signature:
        raise Refused("malformed")
    return kid, payload[size:], signature


def bstr(data: bytes) -> bytes:
    size = len(data)
    if size < 24:
        return bytes([0x40 + size]) + data
    if size < 2**8:
        return b"\x58" + size.to_bytes(1, "big") + data
    return (b"\x59" + size.to_bytes(2, "big") if size < 2**16 else b"\x5a" + size.to_bytes(4, "big")) + data


def verify_eddsa(public: bytes, signature: bytes, aad: bytes, payload: bytes) -> None:
    structure = b"\x84\x6aSignature1\x43\xa1\x01\x27" + bstr(aad) + bstr(payload)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, structure)
    except InvalidSignature as error:
        raise Refused("bad_signature") from error


def verify_es256(key: bytes, signature: bytes, said: bytes) -> None:
    """Raise InvalidSignature unless the key has signed it, by whichever of the two values of s."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    phone = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
    phone.verify(encode_dss_signature(r, s), said, ECDSA(SHA256()))
