"""Test vectors of codes that a phone signs: its key, what it signs, and every way of being no such code."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from docs.vector_keys import KEYS, KIDS, NOW, PHONES, REVOKED_SUBJECT, SUBJECT, public_of
from flows.codes import base45, device_codes
from flows.codes.device_codes import Credential

ENDS = NOW + timedelta(days=7)
CHALLENGE = bytes(range(32))
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def phone() -> dict[str, Any]:
    """The phone that signs the valid ones, for whoever builds an app; its signatures are deterministic (RFC 6979)."""
    key, credential = PHONES["bound"], _credential()
    return {
        "private": key.private_numbers().private_value.to_bytes(32).hex(),
        "public": public_of("bound").hex(),
        "credential": credential.hex(),
        "challenge": CHALLENGE.hex(),
        "signed_to_bind": device_codes.to_bind(CHALLENGE).hex(),
        "proof": _signed("bound", device_codes.to_bind(CHALLENGE)).hex(),
        "signed_by_phone": device_codes.to_sign(credential, NOW).hex(),
    }


def codes() -> Iterator[tuple[str, str, int, str]]:
    """Each with its name, its text, how many seconds after NOW it is read, and for which purpose."""
    good = _code(_credential())
    for name, after in (("valid", 0), ("valid, first second", -20), ("valid, last second", 80)):
        yield name, good, after, "parking"
    yield "one second too early", good, -21, "parking"
    yield "one second too late", good, 81, "parking"
    yield "for another purpose", good, 0, "identity"
    yield "valid for the other purpose", _code(_credential("identity")), 0, "identity"
    yield "valid, another phone's", _code(_credential(device="other"), "other"), 0, "parking"
    yield "retired key", _code(_credential("retired")), 0, "parking"
    yield "unknown key", _code(_credential("unknown")), 0, "parking"
    yield "revoked key", _code(_credential("revoked")), 0, "parking"
    yield "revoked holder", _code(_credential(subject=REVOKED_SUBJECT)), 0, "parking"
    yield "revoked phone", _code(_credential(device="lost"), "lost"), 0, "parking"
    yield "valid, the credential's last second", _code(_credential(ends=NOW)), 0, "parking"
    yield "a second after the credential's end", _code(_credential(ends=NOW - timedelta(seconds=1))), 0, "parking"
    yield from ((name, bent, 0, "parking") for name, bent in _bent(good))


def of_one_second() -> tuple[str, str]:
    """Two codes that one phone has signed in one second, beside two credentials: their id is the same."""
    return _code(_credential()), _code(_credential(ends=ENDS + timedelta(days=1)))


def _bent(good: str) -> Iterator[tuple[str, str]]:
    raw, written = base45.decode(good.removeprefix(device_codes.PREFIX)), device_codes.PREFIX
    credential, said, signature = raw[:119], int.from_bytes(raw[119:123]), raw[123:]
    others, s = _code(_credential("identity")), int.from_bytes(raw[155:])

    def other(data: bytes) -> str:
        return written + base45.encode(data)

    yield "another prefix", good.replace("SC2:", "SC1:")
    yield "lower case", good.lower()
    yield "a byte too many", other(raw + b"\0")
    yield "a byte missing", other(raw[:-1])
    yield "the key uncompressed by its first byte", other(raw[:22] + b"\4" + raw[23:])
    yield "the key no point of the curve", other(raw[:23] + b"\xff" * 32 + raw[55:])
    yield "the key's other y", other(raw[:22] + bytes([raw[22] ^ 1]) + raw[23:])
    yield "another holder", other(raw[:2] + bytes(16) + raw[18:])
    yield "a later end that nobody signed", other(raw[:18] + (int.from_bytes(raw[18:22]) + 1).to_bytes(4) + raw[22:])
    yield (
        "a later time that nobody signed",
        other(credential + (said + 1).to_bytes(4) + signature),
    )
    yield "under another key's id", other(KIDS["revoked"] + raw[2:])
    yield "the signature's upper s", other(raw[:155] + (_ORDER - s).to_bytes(32))
    yield "r and s of zero", other(raw[:123] + bytes(64))
    yield "signed by another phone", _code(credential, "other")
    yield "signed beside a credential for another purpose", other(credential + base45.decode(others[4:])[119:])
    yield "signed without the credential", _text(credential, _signed("bound", device_codes.to_sign(b"", NOW)))
    yield "signed as a challenge", _text(credential, _signed("bound", device_codes.to_bind(CHALLENGE)))


def _credential(
    key: str = "parking", *, device: str = "bound", subject: bytes = SUBJECT, ends: datetime = ENDS
) -> bytes:
    return device_codes.issue(KEYS[key], Credential(KIDS[key], subject, ends, public_of(device)))


def _code(credential: bytes, device: str = "bound") -> str:
    return _text(credential, _signed(device, device_codes.to_sign(credential, NOW)))


def _text(credential: bytes, signature: bytes) -> str:
    return device_codes.text_of(credential, NOW, signature)


def _signed(device: str, message: bytes) -> bytes:
    return device_codes.from_der(PHONES[device].sign(message, ECDSA(SHA256(), deterministic_signing=True)))
