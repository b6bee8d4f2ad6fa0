"""Texts: by format, by pattern, or a readable word with a number."""

import random

from supergraph.mock.formats import MAKERS
from supergraph.mock.json_types import Part
from supergraph.mock.pattern import text_matching
from supergraph.mock.valid import Fault, text_faults

_TRIES = 24
_LONGEST = 200  # where a document sets no limit


def make_text(parts: list[Part], hint: str, rng: random.Random) -> str | None:
    """Return a text; None if none was found. A format gives way where the other keywords contradict it.

    Formats are annotations (JSON Schema 2020-12 validation, section 7.2.1).
    """
    formats = [part["format"] for part in parts if part.get("format") in MAKERS]
    formats += ["byte" for part in parts if part.get("contentEncoding") == "base64"]
    patterns = [part["pattern"] for part in parts if part.get("pattern")]
    least = max((part.get("minLength", 0) for part in parts), default=0)
    most = min((part["maxLength"] for part in parts if "maxLength" in part), default=max(least, _LONGEST))
    second_best = None
    for attempt in range(_TRIES):
        text = None
        if formats and attempt < _TRIES // 2:
            text = MAKERS[formats[0]](rng)
        elif patterns:
            text = text_matching(patterns[attempt % len(patterns)], rng)
        if text is None:
            text = _sized(f"{hint or 'text'} {rng.randrange(1, 1000)}", least, most)
        faults = [fault for part in parts for fault in text_faults(part, text)]
        if not faults:
            return text
        if all(map(_is_about_format, faults)):
            second_best = text
    return second_best


def _is_about_format(fault: Fault) -> bool:
    return fault.message.startswith("is no ")


def _sized(text: str, least: int, most: int) -> str:
    if len(text) > most:
        return text[len(text) - most :].strip().rjust(least, "0")
    return text.ljust(least, ".")
