"""What may have been meant by text with a typo, told from the names that were found for it."""

from collections.abc import Iterator, Sequence

from services_catalog.search.characters import atoms, is_chinese
from services_catalog.search.pinyin import readings
from services_catalog.search.words import telling

_WINDOWS = (4, 3, 2)  # characters compared at once
_LOOKS_LIKE = 4  # characters of which one may be any other; in shorter ones it must sound the same
_LONGEST = 20  # atoms: a longer question is a sentence, and its typos do not matter


def mended(text: str, names: Sequence[str]) -> str | None:
    """Return folded text with one typo mended by the names; None if it has none or nothing is like it."""
    cut = atoms(text)
    if not cut or len(cut) > _LONGEST:
        return None
    if is_chinese(cut[0]):
        told = telling(text)
        better = _chinese(told, "\n".join(names))
        return None if better is None else "".join(text[at] if new == " " else new for at, new in enumerate(better))
    words = {word for name in names for word in (name.split() if name.isascii() else ())}
    for letters in cut:
        if not is_chinese(letters) and letters not in words:
            close = sorted(word for word in words if len(word) > _LOOKS_LIKE and one_edit(letters, word))
            if close:
                return text.replace(letters, close[0])
    return None


def _chinese(text: str, names: str) -> str | None:
    for size in _WINDOWS:
        for at in range(len(text) - size + 1):
            asked = text[at : at + size]
            if not all(map(is_chinese, asked)) or asked in names:
                continue
            for place in range(size):
                for meant in _but_for_one(asked, place, names):
                    if _is_typo(asked[place], meant[place], size, names):
                        return text[:at] + meant + text[at + size :]
    return None


def _but_for_one(asked: str, place: int, names: str) -> Iterator[str]:
    """Yield what stands in the names like ``asked`` but for the character at ``place``."""
    before, behind = asked[:place], asked[place + 1 :]
    known, offset = (before, 0) if len(before) >= len(behind) else (behind, place + 1)
    at = names.find(known)
    while at >= 0:
        found = names[max(0, at - offset) :][: len(asked)]
        if len(found) == len(asked) and found[:place] == before and found[place + 1 :] == behind:
            yield found
        at = names.find(known, at + 1)


def _is_typo(asked: str, meant: str, size: int, names: str) -> bool:
    if not is_chinese(meant):
        return False
    sounds_like = bool(set(readings(asked)) & set(readings(meant)))
    return sounds_like or (size >= _LOOKS_LIKE and asked not in names)


def one_edit(one: str, other: str) -> bool:
    """Whether the words differ by one letter: another, one more, one less, or two neighbours swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    at = _common(short, long)
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    return short[at + 1 :] == long[at + 1 :] or (
        short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    )


def _common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
