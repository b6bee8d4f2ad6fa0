"""Why an entry was found, told from its texts; only for the hits that are shown, and only on request."""

from collections.abc import Iterable, Iterator

from services_catalog.search.characters import atoms, fold, is_chinese
from services_catalog.search.documents import Texts
from services_catalog.search.pinyin import spellings
from services_catalog.search.query import How, Reason
from services_catalog.search.typing_errors import one_edit
from services_catalog.search.words import parts, stems

_AROUND = 8  # characters of a text shown on either side of a word


def reasons(texts: Texts, units: Iterable[str]) -> tuple[Reason, ...]:
    """Return how the entry has each word of the question, the best way; words that it has not are left out."""
    found = (_reason(texts, unit) or _part(texts, unit) for unit in units)
    return tuple(reason for reason in found if reason is not None)


def _part(texts: Texts, unit: str) -> Reason | None:
    inner = sorted((each for each in parts(unit) if 1 < len(each) < len(unit)), key=len, reverse=True)
    return next((reason for each in inner if (reason := _reason(texts, each))), None)


def _reason(texts: Texts, unit: str) -> Reason | None:
    for name, how in texts.called():
        if unit in fold(name):
            return Reason(unit, how, name)
    for word, meant in texts.synonyms().items():
        if unit in word:
            return Reason(unit, "synonym", meant)
    cut = atoms(unit)
    ways = _as_sounds(texts, cut) if all(map(is_chinese, cut)) else _as_letters(texts, "".join(cut))
    for way, found in ways:
        return Reason(unit, way, found)
    body = fold(texts.body)
    at = body.find(unit)
    return Reason(unit, "text", body[max(0, at - _AROUND) : at + len(unit) + _AROUND]) if at >= 0 else None


def _names(texts: Texts) -> Iterator[str]:
    yield from (name for name, _ in texts.called())
    yield from texts.synonyms()


def _as_sounds(texts: Texts, cut: list[str]) -> Iterator[tuple[How, str]]:
    if len(cut) < 2:
        return
    said = " ".join(spellings(cut)[0])
    yield from (("typo", name) for name in _names(texts) if said in " ".join(spellings(atoms(fold(name)))[0]))


def _as_letters(texts: Texts, letters: str) -> Iterator[tuple[How, str]]:
    stemmed = stems(letters)
    yield from (("english", each) for each in texts.english if stemmed and set(stemmed) <= set(stems(each)))
    for name in (*_names(texts), *texts.labels):
        said = spellings(atoms(fold(name)))
        if any(letters in "".join(each) for each in said):
            yield "pinyin", name
        elif any(letters in "".join(syllable[0] for syllable in each) for each in said):
            yield "initials", name
    for name in _names(texts):
        yield from (
            ("typo", word) for word in parts(fold(name)) if one_edit(letters, "".join(spellings(atoms(word))[0]))
        )
    for each in texts.english:
        yield from (("typo", word) for word in atoms(fold(each)) if one_edit(letters, word))
