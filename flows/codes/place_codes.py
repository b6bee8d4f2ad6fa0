"""Place codes: what a sticker at a bay, gate, lot or counter says, and whether the city has made it. Pure.

Two forms of one statement, with one MAC over kind, object and key id: a URL in upper case, which any camera opens and a
QR code packs tightly, and WeChat's ``scene`` of up to 32 characters. A MAC shows that a code is ours. It cannot show
that nobody has stuck a genuine one to another place, or one of another domain over it: docs/codes.md says what does.
"""

import hmac
import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from kernel.crypto.suite import Suite

PlaceKind = Literal["bay", "gate", "lot", "counter"]
KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
OBJECT_BYTES, MAC_BYTES = 8, 10
_VERSION = 1
_TEXT = re.compile(r"([A-Z2-7]{13})\.([0-9A-F]{2})\.([A-Z2-7]{16})")
_SCENE = re.compile(r"[A-Za-z0-9_-]{27}")  # of what WeChat allows, what no host app has been seen to spoil


class PlaceMacKey(Struct, frozen=True):
    """A key of the MAC, with its algorithms."""

    suite: Suite
    secret: bytes
    retired: bool = False


class PlaceCode(Struct, frozen=True):
    """What a code says."""

    kind: PlaceKind
    object_id: bytes
    kid: int


class Valid(Struct, frozen=True):
    """The city has made this code, and its key is in use. Whether it hangs where it should, the row may say."""

    code: PlaceCode


class Retired(Struct, frozen=True):
    """The city has made this code; it was replaced by another."""

    code: PlaceCode


class Tampered(Struct, frozen=True):
    """The city has not made this code, whatever it looks like. ``object_id`` is what it claims to be, if it does."""

    object_id: bytes | None = None


Answer = Valid | Retired | Tampered
Keys = Mapping[int, PlaceMacKey]


def payload(base: str, code: PlaceCode, keys: Keys) -> str:
    """Return the URL that is drawn; ``base`` is such as ``https://q.example.gov.cn``."""
    return f"{base}/P/{text_of(code, keys)}".upper()


def text_of(code: PlaceCode, keys: Keys) -> str:
    """Return ``<object>.<kid>.<MAC>``, the last part of the URL."""
    return f"{_b32(code.object_id)}.{code.kid:02X}.{_b32(_mac(code, keys[code.kid]))}"


def scene_of(code: PlaceCode, keys: Keys) -> str:
    """Return the 27 characters for a mini-program code's ``scene``: version and kind, object, key id, MAC."""
    head = bytes([_VERSION << 4 | KINDS.index(code.kind)])
    data = head + code.object_id + bytes([code.kid]) + _mac(code, keys[code.kid])
    return urlsafe_b64encode(data).decode().rstrip("=")


def read(text: str, keys: Keys, base: str = "") -> Answer:
    """Read what a scan gave: a whole URL or its last part in any case, or a ``scene``. Never raises.

    A URL is ours only if it begins with ``base``: a forger's site may lead on to a genuine code.
    """
    before, _, last = text.rpartition("/")
    foreign = bool(before) and (not base or before.upper() != f"{base}/P".upper())
    if (written := _TEXT.fullmatch(last.upper())) is not None:
        object_id, mac = _unb32(written[1]), _unb32(written[3])
        if object_id is None or mac is None or foreign:
            return Tampered(object_id)
        return _judged([PlaceCode(kind, object_id, int(written[2], 16)) for kind in KINDS], mac, keys)
    if _SCENE.fullmatch(text):  # it has no slash
        return _scene(text, keys)
    return Tampered()


def claimed(text: str) -> bytes | None:
    """Return the object that a code claims to be of, whoever has made it; None for what is no code."""
    found = read(text, {})
    return found.object_id if isinstance(found, Tampered) else None


def kid_of(text: str) -> int | None:
    """Return the id of the key that a code says it was made by; None for what is no code."""
    if (written := _TEXT.fullmatch(text.rpartition("/")[2].upper())) is not None:
        return int(written[2], 16)
    return urlsafe_b64decode(text + "=")[9] if _SCENE.fullmatch(text) else None


def short_code(object_id: bytes) -> str:
    """Return what is printed in plain text beside the picture: ``ABCD-EFGH``."""
    letters = _b32(object_id)
    return f"{letters[:4]}-{letters[4:8]}"


def _scene(text: str, keys: Keys) -> Answer:
    try:
        data = urlsafe_b64decode(text + "=")
    except Base64Error:
        return Tampered()
    kind = data[0] & 0x0F
    if urlsafe_b64encode(data).decode().rstrip("=") != text or data[0] >> 4 != _VERSION or kind >= len(KINDS):
        return Tampered()
    return _judged([PlaceCode(KINDS[kind], data[1:9], data[9])], data[10:], keys)


def _judged(candidates: list[PlaceCode], mac: bytes, keys: Keys) -> Answer:
    """Return the answer for whichever candidate the MAC is of; the URL does not say the kind."""
    for code in candidates:
        key = keys.get(code.kid)
        if key is not None and hmac.compare_digest(_mac(code, key), mac):
            return Retired(code) if key.retired else Valid(code)
    return Tampered(candidates[0].object_id)


def _mac(code: PlaceCode, key: PlaceMacKey) -> bytes:
    said = bytes([KINDS.index(code.kind)]) + code.object_id + bytes([code.kid])
    return key.suite.mac(key.secret, said)[:MAC_BYTES]


def _b32(data: bytes) -> str:
    return b32encode(data).decode().rstrip("=")


def _unb32(text: str) -> bytes | None:
    """Return the bytes, None for a text that ``_b32`` does not write: its last character has bits to spare."""
    data = b32decode(text + "=" * (-len(text) % 8))
    return data if _b32(data) == text else None
