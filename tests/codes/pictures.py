"""QR codes drawn by segno, as phones and printers draw them, and read by zxing-cpp, as scanners do."""

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
