"""Sheets of place codes to print: A4, twelve stickers a page, each with its picture, names and short code.

Here is where everything stands on a page, and the SVG, which every browser prints; ``pdf_sheets`` has the PDF. Pictures
are drawn by the command line only, never for a phone that asks (docs/codes.md).
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

import segno
from msgspec import Struct

PAGE_MM = (210, 297)  # A4
QR_MM = 40  # read from half a metre; the quiet zone of four modules (ISO/IEC 18004 section 9.1) is inside
QUIET_MODULES = 4
QR_TOP_MM = 2
WIDTH_MM = 64
_COLUMNS, _ROWS = 3, 4
_HEIGHT, _MARGIN = 68, 9
_FONT = "font-family=\"system-ui, 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\" text-anchor=\"middle\""


class Sticker(Struct, frozen=True):
    """What is printed of one place."""

    payload: str
    name_zh: str
    name_en: str
    short_code: str


class Line(Struct, frozen=True):
    """A line of text in the middle of a sticker: its baseline and size in mm from the sticker's top."""

    text: str
    baseline: float
    size: float
    bold: bool = False


def lines(sticker: Sticker) -> Sequence[Line]:
    """Return what stands below the picture."""
    return (
        Line(sticker.name_zh, 48, 5),
        Line(sticker.name_en, 53, 3.2),
        Line(sticker.short_code, 60, 5.5, bold=True),
    )


def picture(sticker: Sticker) -> segno.QRCode:
    """Return the code that is drawn."""
    return segno.make(sticker.payload, error="m", boost_error=False)


def placed(stickers: Sequence[Sticker]) -> Iterator[list[tuple[int, int, Sticker]]]:
    """Return the pages, each with its stickers and the millimetres from the left and the top where they stand."""
    places = [
        (_MARGIN + column * WIDTH_MM, _MARGIN + row * _HEIGHT) for row in range(_ROWS) for column in range(_COLUMNS)
    ]
    left = iter(stickers)
    while page := [(*place, sticker) for place, sticker in zip(places, islice(left, len(places)), strict=False)]:
        yield page


def pages(stickers: Sequence[Sticker]) -> Iterator[str]:
    """Return the pages as SVG documents."""
    width, height = PAGE_MM
    for page in placed(stickers):
        drawn = "".join(f'<g transform="translate({x} {y})">{_drawn(sticker)}</g>' for x, y, sticker in page)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}">{drawn}</svg>\n'
        )


def _drawn(sticker: Sticker) -> str:
    code = picture(sticker)
    side = code.symbol_size(border=QUIET_MODULES)[0]
    inline = code.svg_inline(border=QUIET_MODULES, svgclass=None, lineclass=None, omitsize=True)
    place = f'x="{(WIDTH_MM - QR_MM) / 2}" y="{QR_TOP_MM}" width="{QR_MM}" height="{QR_MM}" viewBox="0 0 {side} {side}"'
    return f"<svg {place}>{inline}</svg>" + "".join(_text(line) for line in lines(sticker))


def _text(line: Line) -> str:
    weight = ' font-weight="bold"' if line.bold else ""
    place = f'x="{WIDTH_MM / 2}" y="{line.baseline}" font-size="{line.size}"'
    return f"<text {place}{weight} {_FONT}>{escape(line.text)}</text>"
