"""The files of an API document on this machine, for `yiwang compile`.

A document may refer to any file in its own folder and below. Outside of it, it may refer to other API documents
only, so that no reference can bring credentials or other private files into what is printed.
"""

import re
from pathlib import Path

MAX_BYTES = 32 * 2**20  # of one file; the largest of 203 real documents has 1 MB
_API_DOCUMENT = re.compile(rb"""^[\s{]*["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
_HEAD_BYTES = 65536


class DocumentFiles:
    """Reads the files of the document ``entry``, by paths relative to its folder."""

    def __init__(self, entry: Path) -> None:
        self._folder = entry.parent.resolve()

    def __call__(self, path: str) -> bytes:
        """Return a file's bytes. Raises OSError with the reason."""
        file = (self._folder / path).resolve()
        if not file.is_file():
            raise FileNotFoundError("there is no such file")
        if file.stat().st_size > MAX_BYTES:
            raise PermissionError(f"it has more than {MAX_BYTES} bytes")
        data = file.read_bytes()
        if not file.is_relative_to(self._folder) and not _API_DOCUMENT.search(data[:_HEAD_BYTES]):
            raise PermissionError("outside the document's folder only other API documents are read")
        return data
