"""The stored form of a service's SDL: its types' definitions by name, so that many services join into one file."""

import zlib

import msgspec

Definitions = dict[str, str]

_decoder = msgspec.msgpack.Decoder(Definitions)


def pack(definitions: Definitions) -> bytes:
    """Return the stored form; it keeps the order."""
    return zlib.compress(msgspec.msgpack.encode(definitions))


def unpack(data: bytes) -> Definitions:
    """Read the stored form back. Raises zlib.error or msgspec.MsgspecError for anything else."""
    return _decoder.decode(zlib.decompress(data))
