"""Codes that somebody has changed, and what is said of them; none may ever be accepted."""

import random
from datetime import timedelta

from flows.codes import base45, signed_codes
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.refusals import Refusal
from tests.codes.independent import Code, Gate, Key, Refused
from tests.codes.issued import KEYS, NOW

PREFIX_CHARACTERS = 4


def reason(text: str, keys: KeySet = KEYS, purpose: str = "parking", after: float = 0) -> Refusal | None:
    """Why a code is refused, None if it is not."""
    try:
        signed_codes.verify(text, keys, purpose, NOW + timedelta(seconds=after))
    except PassCodeRefusedError as error:
        return error.reason
    return None


def reason_by_the_page_alone(text: str, after: int) -> Refusal | Code:
    """The same of a gate that others have written, or what it has read."""
    gate, now = Gate({each.kid: Key(each.purpose, each.key.public_bytes_raw()) for each in KEYS}), NOW.timestamp()
    gate.clock = 0, int(now) + after
    try:
        return gate.judge(text, "parking", int(now) + after, "low")
    except Refused as error:
        return Refusal(str(error))


def flipped(raw: bytes) -> list[bytes]:
    """Each with another bit changed."""
    return [raw[: n // 8] + bytes([raw[n // 8] ^ 1 << n % 8]) + raw[n // 8 + 1 :] for n in range(len(raw) * 8)]


def single_bits(text: str) -> list[str]:
    """Each with one bit changed, of the bytes or of the text."""
    prefix, raw = text[:PREFIX_CHARACTERS], base45.decode(text[PREFIX_CHARACTERS:])
    bent = [text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :] for at in range(len(text)) for bit in range(7)]
    return [prefix + base45.encode(each) for each in flipped(raw)] + bent


def shaken(raw: bytes, chance: random.Random) -> bytes:
    """Some bytes changed; or a piece gone, doubled, or moved."""
    data = bytearray(raw)
    if chance.randrange(2):
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    at, size = chance.randrange(len(data)), chance.randrange(1, 20)
    piece = data[at : at + size]
    del data[at : at + size]
    data[chance.randrange(len(data)) : 0] = piece * chance.randrange(3)
    return bytes(data)


def bent(text: str) -> str:
    """Another last character."""
    return text[:-1] + ("A" if text[-1] != "A" else "B")
