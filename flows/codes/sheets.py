"""Sheets of place codes to print: SVG, A4, twelve stickers a page, each with its picture, names and short code.

SVG because every browser prints it and its text stays text: Chinese is drawn by the fonts of whoever prints. Pictures
are drawn here and by the command line only, never for a phone that asks (docs/codes.md).
"""

from collections.abc import Iterator, Sequence
from html import escape

import segno
from msgspec import Struct

_PAGE = (210, 297)  # A4 in mm
_COLUMNS, _ROWS = 3, 4
_WIDTH, _HEIGHT, _MARGIN = 64, 68, 9
_QR_MM = 40  # read from half a metre; the quiet zone of four modules (ISO/IEC 18004 section 9.1) is inside
_FONT = "font-family=\"system-ui, 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\" text-anchor=\"middle\""


class Sticker(Struct, frozen=True):
    """What is printed of one place."""

    payload: str
    name_zh: str
    name_en: str
    short_code: str


def pages(stickers: Sequence[Sticker]) -> Iterator[str]:
    """Return the pages as SVG documents."""
    each = _COLUMNS * _ROWS
    for first in range(0, len(stickers), each):
        drawn = "".join(_placed(at, sticker) for at, sticker in enumerate(stickers[first : first + each]))
        width, height = _PAGE
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}">{drawn}</svg>\n'
        )


def _placed(at: int, sticker: Sticker) -> str:
    row, column = divmod(at, _COLUMNS)
    x, y = _MARGIN + column * _WIDTH, _MARGIN + row * _HEIGHT
    middle = _WIDTH / 2
    code = segno.make(sticker.payload, error="m", boost_error=False)
    side = code.symbol_size(border=4)[0]
    picture = code.svg_inline(border=4, svgclass=None, lineclass=None, omitsize=True)
    place = f'x="{(_WIDTH - _QR_MM) / 2}" y="2" width="{_QR_MM}" height="{_QR_MM}" viewBox="0 0 {side} {side}"'
    return (
        f'<g transform="translate({x} {y})"><svg {place}>{picture}</svg>'
        f'<text x="{middle}" y="48" font-size="5" {_FONT}>{escape(sticker.name_zh)}</text>'
        f'<text x="{middle}" y="53" font-size="3.2" {_FONT}>{escape(sticker.name_en)}</text>'
        f'<text x="{middle}" y="60" font-size="5.5" font-weight="bold" {_FONT}>{escape(sticker.short_code)}</text>'
        "</g>"
    )
