"""Test vectors of place codes, as URLs and as scenes of mini-programs: valid, retired, and every way of being none."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from flows.codes import place_codes
from flows.codes.place_codes import KINDS, PlaceCode, PlaceMacKey
from kernel.crypto.suite import GM, INTL

BASE = "https://q.example.gov.cn"
KEYS = {
    0: PlaceMacKey(INTL, b"\x11" * 32),
    1: PlaceMacKey(GM, b"\x22" * 32),
    2: PlaceMacKey(INTL, b"\x33" * 32, retired=True),
}
OBJECT = bytes(range(8))


def keys() -> Iterator[dict[str, Any]]:
    """The keys of the MAC."""
    for kid, key in KEYS.items():
        mac = "HMAC-SHA-256" if key.suite is INTL else "HMAC-SM3"
        yield {"kid": kid, "mac": mac, "secret": key.secret.hex(), "retired": key.retired}


def codes() -> Iterator[dict[str, Any]]:
    """Each with what was scanned, and the answer."""
    for name, scanned in (*_valid(), *_urls(), *_scenes()):
        read = place_codes.read(scanned, KEYS, BASE)
        said = {"kind": read.code.kind} if not isinstance(read, place_codes.Tampered) else {}
        yield {"name": name, "text": scanned, "result": type(read).__name__.lower(), **said}


def _valid() -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        code = PlaceCode(kind, OBJECT, 0)
        yield f"{kind}, as a URL", place_codes.payload(BASE, code, KEYS)
        yield f"{kind}, as a scene", place_codes.scene_of(code, KEYS)


def _urls() -> Iterator[tuple[str, str]]:
    url = place_codes.payload(BASE, PlaceCode("bay", OBJECT, 0), KEYS)
    yield "in lower case", url.lower()
    yield "its last part alone", url.rpartition("/")[2]
    yield "by HMAC-SM3", place_codes.payload(BASE, PlaceCode("bay", OBJECT, 1), KEYS)
    yield "by a retired key", place_codes.payload(BASE, PlaceCode("bay", OBJECT, 2), KEYS)
    yield "another domain", url.replace("Q.EXAMPLE", "Q.EXAMP1E")
    yield "another object", url.replace("/P/A", "/P/B")
    yield "another key", url.replace(".00.", ".01.")
    yield "an unknown key", url.replace(".00.", ".FF.")
    yield "another MAC", url[:-1] + ("A" if url[-1] != "A" else "B")
    yield "spare bits set", url.replace(url.split("/P/")[1][:13], url.split("/P/")[1][:12] + "P")


def _scenes() -> Iterator[tuple[str, str]]:
    scene = place_codes.scene_of(PlaceCode("bay", OBJECT, 0), KEYS)
    raw = urlsafe_b64decode(scene + "=")

    def put(at: int, byte: int) -> str:
        return urlsafe_b64encode(raw[:at] + bytes([byte]) + raw[at + 1 :]).decode().rstrip("=")

    yield "a scene by HMAC-SM3", place_codes.scene_of(PlaceCode("bay", OBJECT, 1), KEYS)
    yield "a scene by a retired key", place_codes.scene_of(PlaceCode("bay", OBJECT, 2), KEYS)
    yield "a scene of another version", put(0, 0x20)
    yield "a scene of another kind", put(0, 0x11)
    yield "a scene of no kind", put(0, 0x14)
    yield "a scene of another object", put(8, 0xFF)
    yield "a scene of another key", put(9, 1)
    yield "a scene of an unknown key", put(9, 0xFF)
    yield "a scene with another MAC", put(19, raw[19] ^ 1)
    yield "a scene with spare bits set", scene[:-1] + chr(ord(scene[-1]) + 1)
    yield "a scene in lower case", scene.lower()
    yield "a scene too short", scene[:-1]
    yield "a scene too long", scene + "A"
    yield "a scene padded", scene + "="
    yield "a scene behind a domain", f"{BASE}/P/{scene}"
