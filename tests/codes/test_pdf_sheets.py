"""Sheets as PDF: drawn by another's reader, as a printer would, and scanned again."""

from flows.codes import place_codes
from flows.codes.pdf_sheets import document
from flows.codes.place_codes import PlaceCode, PlaceMacKey
from flows.codes.sheets import Sticker
from kernel.crypto.suite import INTL
from tests.codes.pictures import printed

KEYS = {0: PlaceMacKey(INTL, b"k" * 32)}
LONG = "上海市黄浦区人民广场地下停车场东北入口二层甲区"


def sticker(number: int) -> Sticker:
    object_id = (number + 1).to_bytes(2, "little") * 4
    payload = place_codes.payload("https://q.example.gov.cn", PlaceCode("bay", object_id, 0), KEYS)
    return Sticker(payload, f"人民广场 B1-{number:03}", f"People's Square {number}", place_codes.short_code(object_id))


def test_every_sticker_of_a_pdf_is_read_again_beside_its_names_and_short_code() -> None:
    stickers = [sticker(number) for number in range(13)]
    first, second = printed(document(stickers))
    assert sorted(first.codes) == sorted(each.payload for each in stickers[:12])
    assert second.codes == [stickers[12].payload]
    for shown, some in ((first, stickers[:12]), (second, stickers[12:])):
        assert len(shown.codes) == len(some)
        assert [each for sticker in some for each in said(sticker) if each not in shown.text] == []


def test_a_long_name_stays_within_its_sticker() -> None:
    (page,) = printed(document([Sticker("HTTPS://Q.EXAMPLE/P/1", LONG, "<&> (\\) é", "ABCD-EFGH")]))
    assert LONG in page.text
    assert "<&> (\\) é" in page.text
    assert page.right_mm(LONG) <= 9 + 64


def said(sticker: Sticker) -> list[str]:
    return [sticker.name_zh, sticker.name_en, sticker.short_code]
