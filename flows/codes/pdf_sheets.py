"""The sheets of place codes as PDF, for printers' shops: one file, pictures as areas, text as text.

pydyf writes the objects: it is small, kept by those who make WeasyPrint, and lets a font be named instead of carried.
STSong-Light is of the Chinese fonts that PDF knows by name (Adobe-GB1, ISO 32000-2 section 9.7.3): readers put theirs.
"""

from collections.abc import Sequence
from io import BytesIO

import pydyf

from flows.codes.sheets import (
    PAGE_MM,
    QR_MM,
    QR_TOP_MM,
    QUIET_MODULES,
    WIDTH_MM,
    Line,
    Sticker,
    lines,
    picture,
    placed,
)

_POINTS = 72 / 25.4  # of a millimetre
_WIDEST_MM = WIDTH_MM - 4
_ASCII_CIDS = (1, 95)  # as UniGB-UTF16-H numbers them


def document(stickers: Sequence[Sticker]) -> bytes:
    """Return all pages as one file."""
    pdf = pydyf.PDF()
    fonts = pydyf.Dictionary({"Names": _names_font(pdf), "Code": _code_font(pdf)})
    for page in placed(stickers):
        drawn = pydyf.Stream(compress=True)
        drawn.set_matrix(_POINTS, 0, 0, _POINTS, 0, 0)
        for left, top, sticker in page:
            _draw_picture(drawn, sticker, left + (WIDTH_MM - QR_MM) / 2, PAGE_MM[1] - top - QR_TOP_MM)
            for line in lines(sticker):
                _draw_line(drawn, line, left + WIDTH_MM / 2, PAGE_MM[1] - top - line.baseline)
        pdf.add_object(drawn)
        pdf.add_page(
            pydyf.Dictionary(
                {
                    "Type": "/Page",
                    "Parent": pdf.pages.reference,
                    "MediaBox": pydyf.Array([0, 0, *(round(side * _POINTS, 2) for side in PAGE_MM)]),
                    "Contents": drawn.reference,
                    "Resources": pydyf.Dictionary({"Font": fonts}),
                }
            )
        )
    written = BytesIO()
    pdf.write(written)
    return written.getvalue()


def _draw_picture(drawn: pydyf.Stream, sticker: Sticker, left: float, top: float) -> None:
    """Fill the dark modules as one path, so that no line shows between two of them."""
    code = picture(sticker)
    module = QR_MM / code.symbol_size(border=QUIET_MODULES)[0]
    for row, modules in enumerate(code.matrix, QUIET_MODULES):
        for column, is_dark in enumerate(modules, QUIET_MODULES):
            if is_dark:
                drawn.rectangle(left + column * module, top - (row + 1) * module, module, module)
    drawn.fill()


def _draw_line(drawn: pydyf.Stream, line: Line, middle: float, baseline: float) -> None:
    """Draw a line of text, smaller if it would reach into the next sticker."""
    if line.bold:
        font, ems, written = "Code", 0.6 * len(line.text), line.text.encode("ascii")
    else:
        ems = sum(0.5 if each.isascii() else 1 for each in line.text)
        font, written = "Names", line.text.encode("utf-16-be")
    size = min(line.size, _WIDEST_MM / ems)
    drawn.begin_text()
    drawn.set_font_size(font, size)
    drawn.move_text_to(middle - ems * size / 2, baseline)
    drawn.stream.append(b"<" + written.hex().encode() + b"> Tj")
    drawn.end_text()


def _names_font(pdf: pydyf.PDF) -> bytes:
    """Return the reference of a font of Chinese, in which what is ASCII is half as wide as the rest."""
    name = "/STSong-Light"
    box = pydyf.Array([-25, -254, 1000, 880])
    heights = {"Ascent": 880, "Descent": -120, "CapHeight": 880, "ItalicAngle": 0, "StemV": 93}
    descriptor = _added(pdf, Type="/FontDescriptor", FontName=name, Flags=6, FontBBox=box, **heights)
    collection = {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("GB1"), "Supplement": 4}
    of_cids = _added(
        pdf,
        Type="/Font",
        Subtype="/CIDFontType0",
        BaseFont=name,
        CIDSystemInfo=pydyf.Dictionary(collection),
        FontDescriptor=descriptor,
        DW=1000,
        W=pydyf.Array([*_ASCII_CIDS, 500]),
    )
    fonts = pydyf.Array([of_cids])
    return _added(pdf, Type="/Font", Subtype="/Type0", BaseFont=name, Encoding="/UniGB-UTF16-H", DescendantFonts=fonts)


def _code_font(pdf: pydyf.PDF) -> bytes:
    """Return the reference of Courier-Bold, which every reader has; all of it is 0.6 of its size wide."""
    return _added(pdf, Type="/Font", Subtype="/Type1", BaseFont="/Courier-Bold")


def _added(pdf: pydyf.PDF, **entries: object) -> bytes:
    """Add a dictionary, and return its reference."""
    made = pydyf.Dictionary(entries)
    pdf.add_object(made)
    return bytes(made.reference)
