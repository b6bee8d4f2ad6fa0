"""Base45 (RFC 9285): bytes in the alphabet that a QR code's alphanumeric mode packs two characters in 11 bits of.

Each byte string has exactly one text and each accepted text is exactly one byte string, so a code has no aliases. No
library: the only one is not maintained, and takes texts that the standard refuses.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"  # RFC 9285 section 4.2
_PAIRS = [low + high for high in ALPHABET for low in ALPHABET]  # of 0 to 2024, the lower digit first
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(data: bytes) -> str:
    """Return the text of ``data``: three characters for two bytes, two for a last one alone."""
    parts = []
    for at in range(0, len(data) - 1, 2):
        high, low = divmod(data[at] << 8 | data[at + 1], 45 * 45)
        parts.append(_PAIRS[low] + ALPHABET[high])
    if len(data) % 2:
        parts.append(_PAIRS[data[-1]])
    return "".join(parts)


def decode(text: str) -> bytes:
    """Return the bytes of ``text``. Raises ValueError for a character, length or group that no encoder writes."""
    try:
        values = [_VALUES[character] for character in text]
    except KeyError as error:
        raise ValueError("a character that Base45 does not have") from error
    if len(values) % 3 == 1:
        raise ValueError("a length that Base45 does not have")
    data = bytearray()
    for at in range(0, len(values), 3):
        group = values[at : at + 3]
        number, size = group[0] + group[1] * 45, len(group) - 1
        if size == 2:
            number += group[2] * 45 * 45
        if number >= 256**size:
            raise ValueError("a group that Base45 does not have")
        data += number.to_bytes(size)
    return bytes(data)
