"""What the codes look like: they stay as small as published, and scanners read them."""

import secrets
from datetime import timedelta
from uuid import UUID

import pytest

from flows.codes import base45, opaque_codes, place_codes, signed_receipts
from flows.codes.place_codes import PlaceCode, PlaceMacKey
from flows.codes.signed_receipts import Receipt
from kernel.crypto.suite import INTL
from tests.codes.issued import CODE_ID, NOW, PARKING, PARKING_KID, PHONE, parking_code, parking_credential
from tests.codes.pictures import drawn, read

KEYS = {0: PlaceMacKey(INTL, b"k" * 32)}
BAY = PlaceCode("bay", bytes(range(8)), 0)
RECEIPT = Receipt(bytes(16), UUID(int=7), NOW + timedelta(hours=1), CODE_ID)
PAYLOADS = {
    "signed": (parking_code(), 174, {"l": "6", "m": "7", "q": "9"}),
    "signed by a phone": (PHONE.code(parking_credential()), 285, {"l": "9", "m": "10", "q": "12"}),
    "opaque": (opaque_codes.new_text(), 26, {"l": "2", "m": "2", "q": "2"}),
    "place": (place_codes.payload("https://q.sh.gov.cn", BAY, KEYS), 55, {"l": "3", "m": "3", "q": "4"}),
    "receipt": (signed_receipts.issue(PARKING, PARKING_KID, RECEIPT), 201, {"m": "8"}),
}


@pytest.mark.case("QR-01")
@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_scanner_reads_what_was_drawn(kind: str) -> None:
    text = PAYLOADS[kind][0]
    assert read(drawn(text)) == text


@pytest.mark.case("QR-02")
@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_picture_is_no_larger_than_published(kind: str) -> None:
    text, length, versions = PAYLOADS[kind]
    assert len(text) == length
    found = {error: drawn(text, error) for error in versions}
    assert {error: str(code.version) for error, code in found.items()} == versions
    assert {code.mode for code in found.values()} == {"alphanumeric"}


def test_a_mini_programs_scene_is_drawn_by_its_host_and_still_fits_a_small_code() -> None:
    scene = place_codes.scene_of(BAY, KEYS)
    assert read(drawn(scene)) == scene


def test_any_opaque_code_is_read() -> None:
    for _ in range(20):
        text = opaque_codes.PREFIX + base45.encode(secrets.token_bytes(16))
        assert read(drawn(text), scale=2) == text
