"""An API document on this machine: the one reader of its files for every command, and the name of its service.

A document may refer to any file in its own folder and below. Outside of it, it may refer to other API documents
only, so that no reference can bring credentials or other private files into what is printed, served or published.
"""

import re
from pathlib import Path

from supergraph.names import camel, is_legal

MAX_BYTES = 32 * 2**20  # of one file; the largest of 203 real documents has 1 MB
_API_DOCUMENT = re.compile(rb"""^[\s{]*["']?(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
_HEAD_BYTES = 65536
_SAYS_NOTHING = {"openapi", "swagger", "api", "api-docs", "application", "index", "spec"}


class DocumentFiles:
    """Reads the files of the document ``entry``, by paths relative to its folder; ``below``: none from elsewhere."""

    def __init__(self, entry: Path, *, below: bool = False) -> None:
        self._folder = entry.parent.resolve()
        self._below = below

    def __call__(self, path: str) -> bytes:
        """Return a file's bytes. Raises OSError with the reason."""
        file = (self._folder / path).resolve()
        is_below = file.is_relative_to(self._folder)
        if self._below and not is_below:
            raise PermissionError(f"it lies outside the folder {self._folder}")
        if not file.is_file():
            raise FileNotFoundError("there is no such file")
        if file.stat().st_size > MAX_BYTES:
            raise PermissionError(f"it has more than {MAX_BYTES} bytes")
        data = file.read_bytes()
        if not is_below and not _API_DOCUMENT.search(data[:_HEAD_BYTES]):
            raise PermissionError("outside the document's folder only other API documents are read")
        return data


def service_name(path: Path) -> str:
    """Return a service's name for a file: its own, or its folder's where the file is called as any."""
    stem = "" if path.stem.lower() in _SAYS_NOTHING else path.stem
    name = camel(stem or path.resolve().parent.name)
    return name if is_legal(name) else f"service{name}"
