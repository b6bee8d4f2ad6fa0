"""Names of the outside world as GraphQL names (GraphQL section 2.1.9): stable, readable, plain ASCII.

A name depends on its own source alone. Only where two sources of one scope give the same name does one of them carry
a digest of its own source, so that a third never changes either.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from supergraph.pinyin import syllable

_LEGAL = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_SYMBOLS = {
    "+": "plus",
    "<": "lt",
    ">": "gt",
    "=": "eq",
    "%": "percent",
    "*": "star",
    "&": "and",
    "!": "not",
    "@": "at",
}
_NO_MARKS = dict.fromkeys(range(0x300, 0x370))  # combining diacritics
_SPELLED = (
    "ß:ss æ:ae ø:o ð:d þ:th đ:d ł:l œ:oe ı:i µ:u "
    "α:a β:v γ:g δ:d ε:e ζ:z η:i θ:th ι:i κ:k λ:l μ:m ν:n ξ:x ο:o π:p ρ:r σ:s ς:s τ:t υ:y φ:f χ:ch ψ:ps ω:o "
    "а:a б:b в:v г:g д:d е:e ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh "
    "щ:shch ъ: ы:y ь: э:e ю:yu я:ya ё:yo і:i ї:yi є:ye ґ:g"
)
_LETTERS = {pair[0]: pair[2:] for pair in _SPELLED.split(" ")}
"""Letters that Unicode does not decompose to ASCII: Latin, Greek and Cyrillic as usual on road signs."""


def is_legal(name: str) -> bool:
    """Say whether ``name`` can be used in a schema; two leading underscores belong to introspection."""
    return _LEGAL.fullmatch(name) is not None and not name.startswith("__")


def to_ascii(text: str) -> str:
    """Transliterate letters: ``Zürich`` to Zurich, ``Жуково`` to Zhukovo, ``停车`` to tingChe, others to codes."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    plain = "".join(map(_letter, text)).rstrip("_")
    return plain[:1].lower() + plain[1:] if syllable(text[:1]) else plain


def _letter(letter: str) -> str:
    if letter.isascii():
        return letter
    base = unicodedata.normalize("NFKD", letter).translate(_NO_MARKS)
    if base.isascii() and base.isalnum():
        return base
    known = _LETTERS.get(base.lower())
    if known is not None:
        return known.capitalize() if base.isupper() else known
    spoken = syllable(letter)
    if spoken is not None:
        return spoken.capitalize()
    return f"u{ord(letter):04X}_" if letter.isalnum() else "_"


def pascal(text: str) -> str:
    """``parking lot`` and ``parkingLot`` to ParkingLot; capitals inside words stay. "" if nothing is left.

    Digits that would run together stay apart: ``v1.2`` to V1_2.
    """
    parts = re.findall(r"[0-9A-Za-z]+", to_ascii(text))
    name = ""
    for part in parts:
        apart = "_" if name[-1:].isdigit() and part[0].isdigit() else ""
        name += apart + part[:1].upper() + part[1:]
    return name


def camel(text: str) -> str:
    """``get_lots`` and ``GetLots`` to getLots, ``URLs`` to urls. "" if nothing is left."""
    name = pascal(text)
    head = re.match(r"[A-Z]+s?(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]", name)
    return name if head is None else head[0].lower() + name[head.end() :]


def member_name(source: str) -> str:
    """Return the name of a field, argument or enum value: the source itself wherever it is legal."""
    if is_legal(source):
        return source
    spelled = re.sub(r"^-(?=.)", "minus_", to_ascii(source))
    if not re.search(r"[0-9A-Za-z]", spelled):
        spelled = "".join(_SYMBOLS.get(letter, f"u{ord(letter):04X}") + "_" for letter in source).rstrip("_") or "empty"
    spelled = "".join(f"{_SYMBOLS[letter]}_" if letter in "+<>=%" else letter for letter in spelled)
    name = re.sub(r"[^0-9A-Za-z]+", "_", spelled).strip("_") if not is_legal(spelled) else spelled
    return f"_{name}" if not name or name[0].isdigit() or source.startswith(("_", "$", "@")) else name


def value_name(source: str) -> str:
    """Return the name of an enum value; ``true``, ``false`` and ``null`` are literals in GraphQL."""
    name = member_name(source)
    return f"{name}_" if name in {"true", "false", "null"} else name


def digest(identity: str) -> str:
    """Return what tells apart two things that want one name."""
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:4]


def distinct(wanted: Iterable[tuple[str, str]], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each (identity, name) pair a name of its own.

    Who is already called so keeps the name, else the first by length and alphabet; the others carry their digest.
    """
    names: dict[str, str] = {}
    used = set(taken)
    for identity, name in sorted(set(wanted), key=lambda pair: (pair[0] != pair[1], len(pair[0]), pair)):
        unique = name
        while unique in used:
            unique = f"{name}_{digest(identity + unique)}"
        names[identity] = unique
        used.add(unique)
    return names
