"""A bundle: an API document and the files it refers to, by their paths relative to the folder they were read from."""

import zlib
from pathlib import PurePosixPath

import msgspec

from services_catalog.errors import BundleError

Bundle = dict[str, str]

MAX_FILES = 500  # the largest real folder of 203 documents has 134 files
MAX_BYTES = 16 * 2**20  # the largest real document of 203 has 0.96 MB

_decoder = msgspec.msgpack.Decoder(Bundle)


def check(bundle: Bundle, document: str) -> None:
    """Raise BundleError for a bundle that is too large, lacks the document, or names a path outside its folder."""
    if document not in bundle:
        raise BundleError(
            f"The document {document!r} is not among the {len(bundle)} files that were sent",
            fix="The manifest's key `document` is the path of one of them.",
        )
    if len(bundle) > MAX_FILES:
        raise BundleError(f"{len(bundle)} files are more than {MAX_FILES}", fix="Publish a bundled document.")
    size = sum(len(text.encode(errors="surrogatepass")) for text in bundle.values())
    if size > MAX_BYTES:
        raise BundleError(
            f"The files have {size / 2**20:.1f} MiB, more than {MAX_BYTES // 2**20} MiB",
            fix="Take examples out of the document, or split the service.",
        )
    for path in bundle:
        if not is_inside(path):
            raise BundleError(f"The path {path!r} leads out of the folder", fix="Use paths below the manifest's.")


def is_inside(path: str) -> bool:
    """Whether a path is relative, normal and without steps upwards."""
    pure = PurePosixPath(path)
    return path != "." and not pure.is_absolute() and ".." not in pure.parts and str(pure) == path and "\\" not in path


def pack(bundle: Bundle) -> bytes:
    """Return the stored form; equal bundles give equal bytes."""
    return zlib.compress(msgspec.msgpack.encode(bundle, order="deterministic"))


def unpack(data: bytes) -> Bundle:
    """Read the stored form back."""
    return _decoder.decode(zlib.decompress(data))
