"""Names as they are typed in pinyin, and pinyin as it is typed, cut into syllables.

Of a character with several readings all are indexed (data/readings.txt), so no dictionary of phrases is needed: see
docs/decisions/0051-search.md for what one would cost and bring.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from services_catalog.search.characters import is_chinese
from supergraph.pinyin import syllable

_READINGS = Path(__file__).parent / "data" / "readings.txt"
_MAX_SPELLINGS = 4  # of one name: 2 % of real names have one character with two readings, hardly any has three
_MAX_CUTS = 3  # of what is typed: xian is xian and xi an
_LONGEST = 6  # letters of a syllable: zhuang
_UMLAUTS = {"nyu": "nv", "lyu": "lv", "nyue": "nve", "lyue": "lve"}  # as passports write what keyboards write with v
_CONSONANTS = frozenset(("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw"))


class Typed(NamedTuple):
    """Letters as syllables; ``begun`` are the places of those of which only the beginning is typed."""

    syllables: tuple[str, ...] = ()
    begun: tuple[int, ...] = ()


@cache
def _more_readings() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _READINGS.read_text(encoding="utf-8").splitlines():
        for word in () if line.startswith("#") else line.split():
            found[word[0]] = (*found.get(word[0], ()), word[1:])
    return found


def readings(atom: str) -> tuple[str, ...]:
    """Return the syllables of a Chinese character, the usual one first; a Latin atom reads as itself."""
    return _readings(atom) if is_chinese(atom) else (atom,)


@lru_cache(10_000)  # 1 MB; a text may have any of 90,000 characters
def _readings(character: str) -> tuple[str, ...]:
    usual = syllable(character)
    first = () if usual is None else (usual.replace("yu", "u") if usual[0] in "ln" else usual,)
    return (*first, *_more_readings().get(character, ())) or (character,)


def spellings(cut: Sequence[str]) -> list[list[str]]:
    """Return ways to say a name: by the usual readings, and each with one character read otherwise."""
    usual = [readings(atom)[0] for atom in cut]
    found = [usual]
    for at, atom in enumerate(cut):
        for other in readings(atom)[1:]:
            if len(found) < _MAX_SPELLINGS:
                found.append([*usual[:at], other, *usual[at + 1 :]])
    return found


@cache
def _syllables() -> frozenset[str]:
    level_1 = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    characters = (code.decode("gb2312", "ignore") for code in level_1)
    known = chain.from_iterable(readings(each) for each in characters if each)
    return frozenset(each for each in known if each.isascii()) | {"lve", "nve"}


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(each[:length] for each in _syllables() for length in range(1, len(each)))


def cuts(letters: str) -> list[Typed]:
    """Return up to three ways to read letters as syllables, best first: with few that are only begun, then with few.

    Anywhere a consonant may stand for its syllable (``hunyindj``), at the end any beginning of one (``hunyinden``).
    """
    best: list[list[Typed]] = [[Typed()], *([] for _ in letters)]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - _LONGEST), end):
            piece = letters[start:end]
            for before in best[start]:
                if piece in _syllables() or piece in _UMLAUTS:
                    best[end].append(Typed((*before.syllables, _UMLAUTS.get(piece, piece)), before.begun))
                elif piece in _CONSONANTS or (end == len(letters) and piece in _beginnings()):
                    begun = (*before.begun, len(before.syllables))
                    best[end].append(Typed((*before.syllables, piece), begun))
        best[end].sort(key=lambda typed: (len(typed.begun), len(typed.syllables)))
        del best[end][_MAX_CUTS:]
    return [typed for typed in best[-1] if len(typed.begun) == len(best[-1][0].begun)]
