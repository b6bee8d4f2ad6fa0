"""Undoes an answer's content coding (RFC 9110 §8.4): gzip and deflate, within a size limit."""

import zlib

_GZIP = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 1000  # each costs a copy of what follows it
_CODINGS = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": zlib.MAX_WBITS}


class UnknownCodingError(ValueError):
    """The coding is none that a server may choose unasked."""


class TooMuchContentError(ValueError):
    """The decoded content exceeds the limit."""


def decode(coding: bytes, body: bytes, limit: int) -> bytes:
    """Decode ``body`` into at most ``limit`` bytes; raise one of the errors above or ``zlib.error``."""
    coding = coding.strip().lower()
    if coding in {b"", b"identity"} or not body:
        return body
    wbits = _CODINGS.get(coding)
    if wbits is None:
        raise UnknownCodingError
    if coding == b"deflate" and not _has_zlib_header(body):
        wbits = -zlib.MAX_WBITS  # many servers send the bare stream (RFC 9110 §8.4.1.2, note)
    parts: list[bytes] = []
    while body:  # gzip content may have several members (RFC 1952 §2.2)
        stream = zlib.decompressobj(wbits)
        parts.append(stream.decompress(body, limit + 1))
        limit -= len(parts[-1])
        if limit < 0 or len(parts) > _MOST_MEMBERS:
            raise TooMuchContentError
        if not stream.eof:
            raise zlib.error("the compressed content is cut short")
        body = stream.unused_data if wbits == _GZIP else b""
    return b"".join(parts)


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
