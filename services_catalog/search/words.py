"""Words: a question cut into the ones that matter, and the ways in which people call what an entry is named.

Segmentation is rjieba's (jieba-rs, with jieba's dictionary). ``data/synonyms.txt`` says which words lead to which;
they are added to entries when these are indexed, so typos and pinyin of synonyms are found like those of names.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

from services_catalog.search.characters import atoms, fold

if TYPE_CHECKING:
    import rjieba

_DATA = Path(__file__).parent / "data"
_LONGEST_UNIT = 4  # characters; longer phrases are asked for in so many variants that only their parts are found
_MAX_UNITS = 12  # of one question: work is bounded by it, and what comes later adds nothing in the labelled questions


class Group(NamedTuple):
    """Words of one meaning: an entry that has one of ``names`` is found by all of ``words``."""

    names: tuple[str, ...]
    words: tuple[str, ...]


def _lines(name: str) -> Iterator[str]:
    for line in (_DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield fold(line)


@cache
def _groups() -> tuple[Group, ...]:
    groups = []
    for line in _lines("synonyms.txt"):
        names, _, more = line.partition("|")
        named = tuple(each.replace("_", " ") for each in names.split())
        groups.append(Group(named, (*named, *(each.replace("_", " ") for each in more.split()))))
    return tuple(groups)


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(word for line in _lines("stop_words.txt") for word in line.split())


@cache
def _by_beginning() -> dict[str, list[tuple[str, Group]]]:
    found: dict[str, list[tuple[str, Group]]] = defaultdict(list)
    for group in _groups():
        for name in group.names:
            found[name[:2]].append((name, group))
    return found


@lru_cache(2_000)  # 10 MB: what an item is called comes again with every district, and with every reason asked for
def synonyms(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return what else an entry with these (folded) names is called: each word with the name's word it stands for."""
    found: dict[str, str] = {}
    for name in names:
        for at in range(len(name) - 1):
            for word, group in _by_beginning().get(name[at : at + 2], ()):
                if name.startswith(word, at):
                    found.update((other, word) for other in group.words if other not in found)
    return found


@cache
def _jieba() -> "rjieba.Jieba":
    # Imported here: it loads its dictionary at once, half a second and 33 MiB that a process which cuts no words saves.
    import rjieba  # noqa: PLC0415 - see above

    jieba = rjieba.Jieba()
    for group in _groups():
        for word in group.words:
            if 1 < len(word) <= _LONGEST_UNIT and not word.isascii():
                jieba.add_word(word, None, None)
    return jieba


def cut(folded: str) -> list[str]:
    """Cut folded text into words that do not overlap."""
    return [word for word in _jieba().cut(folded) if atoms(word)]


def parts(folded: str) -> set[str]:
    """Return every word of the dictionary that is in folded text."""
    return {word for word in _jieba().cut_for_search(folded) if atoms(word)}


def telling(folded: str) -> str:
    """Return the text with spaces in place of the words that only say that something is asked."""
    return "".join(" " * len(word) if word in _stop_words() else word for word in _jieba().cut(folded))


def units(folded: str) -> list[str]:
    """Return the words of a question that say what is asked; all words, if none does."""
    words = list(dict.fromkeys(cut(folded)))
    telling = [word for word in words if word not in _stop_words()]
    return (telling or words)[:_MAX_UNITS]


_STEMMER = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.lowercase()).filter(Filter.stemmer("english")).build()


def stems(english: str) -> list[str]:
    """Return the stems of English words, as tantivy's ``en_stem`` indexes them."""
    return _STEMMER.analyze(english)
