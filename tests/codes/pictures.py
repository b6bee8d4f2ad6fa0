"""QR codes drawn by segno, as phones and printers draw them, and read by zxing-cpp, as scanners do; PDF by PDFium."""

import pypdfium2
import segno
import zxingcpp


def drawn(text: str | bytes, error: str = "m") -> segno.QRCode:
    """At exactly this level: segno would raise it where the version has room."""
    return segno.make(text, error=error, boost_error=False, micro=False)


def read(code: segno.QRCode, scale: int = 3) -> str:
    """What a scanner reads of the picture, at ``scale`` pixels a module."""
    rows = [[255 * (not module) for module in row] for row in code.matrix_iter(scale=scale, border=4)]
    picture = memoryview(bytes(each for row in rows for each in row)).cast("B", (len(rows), len(rows[0])))
    (found,) = zxingcpp.read_barcodes(picture)
    return str(found.text)


class Printed:
    """A page of a PDF as a reader draws it, at the resolution of a cheap printer."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self._texts = page.get_textpage()
        self.text = self._texts.get_text_range().replace("\r\n", "\n")

    @property
    def codes(self) -> list[str]:
        """What a scanner reads of it."""
        drawn = self._page.render(scale=200 / 72, grayscale=True)
        rows, stride = bytes(drawn.buffer), drawn.stride
        plain = b"".join(rows[at : at + drawn.width] for at in range(0, stride * drawn.height, stride))
        picture = memoryview(plain).cast("B", (drawn.height, drawn.width))
        return [found.text for found in zxingcpp.read_barcodes(picture)]

    def right_mm(self, text: str) -> float:
        """Where a text ends, from the left of the page."""
        at = self.text.index(text) + len(text) - 1
        return float(self._texts.get_charbox(at)[2]) * 25.4 / 72


def printed(pdf: bytes) -> list[Printed]:
    """The pages of a PDF."""
    return [Printed(page) for page in pypdfium2.PdfDocument(pdf)]
