"""A question as a query of tantivy: every word in every way it may have been meant, and what makes a hit a better one.

A word scores once, in the field where it scores best (a disjunction by maximum), so an entry does not rise by repeating
it. On top come constants for what the whole question is to the entry: its name, the beginning of it, part of it, all of
its words. The numbers were tuned on the labelled questions marked ``tune`` (tests/services_catalog/search/queries.csv).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from tantivy import Occur, Schema
from tantivy import Query as Tantivy

from services_catalog.search.characters import END, START, atoms, gaps, is_chinese, pairs
from services_catalog.search.pinyin import Typed, cuts, spellings
from services_catalog.search.words import parts, stems

NAMES = {"name": 1.0, "also": 0.9, "synonym": 0.75}
ENGLISH, PINYIN, SPELLED, INITIALS = 1.0, 0.9, 0.8, 0.7
PART = 0.6  # a word inside the asked one
HOMOPHONE = 0.5
TYPO = 0.4
CHARACTER = 0.3  # asked for by itself
BODY = 0.25
LABEL = 0.2  # what its topics and life events are called, in letters
MORPHEME = 0.1  # a character of the asked word: words of like meaning often share one
IS_NAME, BEGINS_NAME, IN_NAME, ALL_WORDS = 20.0, 4.0, 3.0, 4.0
_SYLLABLE = 2.0  # for each, where tantivy scores none: about what one of a whole phrase scores
_TYPO_FROM = 5  # letters: a shorter word is one edit away from too many others
_ENGLISH_FROM = 3  # letters of a word that goes on
_INITIALS = range(2, 11)  # letters
_MOST_INITIALS_FROM = 4
_PAIRS_FROM = 3  # of syllables
_LETTERS = 64  # of one word: longer than any word or name, and work grows with it
_KEPT_WORDS = 2_000  # of questions: 10 MB at most
_BAG = range(3, 13)  # characters in which typos are looked for: in a longer question other words tell enough


class Question(NamedTuple):
    """Folded text and its telling words."""

    text: str
    units: Sequence[str]


class Matcher:
    """Builds the queries of one schema, and keeps those of words: most come again and again."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._named = lru_cache(_KEPT_WORDS)(self._build_named)
        self._unit = lru_cache(_KEPT_WORDS)(self._build_unit)

    def match(self, question: Question, *, loosely: bool) -> Tantivy:
        """Return what finds and ranks the entries that a question may mean.

        Loosely, one word of many is enough, and so are typos and characters that words have in common.
        """
        words = [self._unit(unit, loosely=loosely) for unit in question.units]
        least = 1 if loosely else len(words)
        cut = atoms(question.text)
        if loosely and len(cut) in _BAG:
            words.append(self._bag(cut))
        better = [*self._whole(atoms("".join(question.units))), *self._whole(cut)]
        english = stems(question.text) if question.text.isascii() else []
        if len(english) > 1:
            better.append(Tantivy.const_score_query(self._phrase("english", english), IS_NAME))
        if len(question.units) > 1:
            everything = _boolean((Occur.Must, self._named(unit)) for unit in question.units)
            better.append(Tantivy.const_score_query(everything, ALL_WORDS))
        return _boolean([(Occur.Must, _some(words, least)), *((Occur.Should, each) for each in better)])

    def _build_unit(self, unit: str, *, loosely: bool) -> Tantivy:
        cut = atoms(unit)
        ways = [self._named(unit), _boost(self._phrase("body", pairs(cut)), BODY)]
        if all(map(is_chinese, cut)):
            ways += self._chinese(unit, cut, loosely=loosely)
        elif not any(map(is_chinese, cut)):
            letters = "".join(cut)[:_LETTERS]
            ways += self._latin(letters)
            if loosely:
                ways += self._syllables_of(letters)
        return Tantivy.disjunction_max_query(ways, 0.1)

    def _build_named(self, unit: str) -> Tantivy:
        cut = atoms(unit)
        tokens = pairs(cut)
        if not any(map(is_chinese, cut)):
            words = [_boost(self._term("english", stem), ENGLISH) for stem in stems(unit)]
            return Tantivy.disjunction_max_query([_boost(self._term("characters", tokens[0]), ENGLISH), *words])
        if len(tokens[0]) == 1:
            return _boost(self._term("characters", tokens[0]), CHARACTER)
        named = [_boost(self._phrase(field, tokens), weight) for field, weight in NAMES.items()]
        return Tantivy.disjunction_max_query(named, 0.1)

    def _chinese(self, unit: str, cut: list[str], *, loosely: bool) -> Iterable[Tantivy]:
        if len(cut) > 1:
            yield _boost(self._phrase("pinyin", spellings(cut)[0]), HOMOPHONE)
            if loosely:
                yield _boost(_any([self._term("characters", each) for each in cut]), MORPHEME)
        inner = [each for each in parts(unit) if each != unit and len(each) > 1]
        if inner:
            yield _boost(_any([self._named(each) for each in inner]), PART)

    def _latin(self, letters: str) -> Iterable[Tantivy]:
        if not letters.isalpha():
            return
        yield _boost(self._term("spelled", letters), SPELLED)
        for typed in _with_syllables(letters):
            yield _boost(self._said(typed), PINYIN)
            yield _boost(self._said(typed, field="label_pinyin"), LABEL)
        if len(letters) in _INITIALS:
            yield _boost(self._phrase("initials", pairs(list(letters))), INITIALS)
            yield _boost(self._phrase("label_initials", pairs([START, *letters])), LABEL)
            if len(letters) >= _MOST_INITIALS_FROM:
                each = [self._term("initials", pair) for pair in pairs(list(letters))]
                yield _boost(_some(each, len(each) - 1), TYPO)
        if len(letters) >= _TYPO_FROM:
            yield _boost(Tantivy.fuzzy_term_query(self._schema, "spelled", letters), TYPO)
            for stem in stems(letters):
                yield _boost(Tantivy.fuzzy_term_query(self._schema, "english", stem), TYPO)

    def _syllables_of(self, letters: str) -> Iterator[Tantivy]:
        """Find names that share half of the pairs of syllables: words may stand apart, a letter may be wrong."""
        for typed in cuts(letters):
            places = [at for at in range(len(typed.syllables) - 1) if not {at, at + 1} & {*typed.begun}]
            if len(places) >= _PAIRS_FROM:
                said = [self._phrase("pinyin", typed.syllables[at : at + 2]) for at in places]
                yield _boost(_some(said, len(said) // 2), TYPO)

    def _said(self, typed: Typed, before: Sequence[str] = (), field: str = "pinyin") -> Tantivy:
        """Find names that are said so, right behind ``before``."""
        words = [*before, *typed.syllables]
        begun = {len(before) + at for at in typed.begun}
        if not begun:
            return self._phrase(field, words)
        if len(words) == 1:
            return Tantivy.const_score_query(Tantivy.regex_query(self._schema, field, f"{words[0]}.*"), 1.0)
        if begun == {len(words) - 1}:
            found = Tantivy.phrase_prefix_query(self._schema, field, [*words])
        else:
            wanted = [f"{word}.*" if at in begun else re.escape(word) for at, word in enumerate(words)]
            found = Tantivy.regex_phrase_query(self._schema, field, [*wanted])
        return Tantivy.const_score_query(found, _SYLLABLE * len(words))

    def _bag(self, cut: list[str]) -> Tantivy:
        """Find names that share pairs of neighbours with the text, so that one wrong character spoils two of them."""
        tokens = pairs(cut)
        ways = [[_boost(self._term(field, token), weight) for field, weight in NAMES.items()] for token in tokens]
        if all(map(is_chinese, cut)):
            said = spellings(cut)[0]
            for at, way in enumerate(ways):
                way.append(_boost(self._phrase("pinyin", said[at : at + 2]), HOMOPHONE))
        ways += [[_boost(self._term("gaps", token), HOMOPHONE)] for token in gaps(cut)]
        each = [Tantivy.disjunction_max_query(way) for way in ways]
        return _boost(_some(each, max(1, len(tokens) // 2)), TYPO)

    def _whole(self, cut: list[str]) -> Iterable[Tantivy]:
        """Yield what the whole question makes better."""
        if not cut:
            return
        begun = pairs([START, *cut])
        for field, weight in NAMES.items():
            yield Tantivy.const_score_query(self._phrase(field, [*begun, cut[-1] + END]), IS_NAME * weight)
            yield Tantivy.const_score_query(self._phrase(field, begun), BEGINS_NAME * weight)
            if len(cut) > 1:
                yield Tantivy.const_score_query(self._phrase(field, pairs(cut)), IN_NAME * weight)

    def begun(self, text: str) -> Tantivy:
        """Return what finds names that go on as the folded text begins, those that begin with it first."""
        cut = atoms(text)
        chinese = [atom for atom in cut if is_chinese(atom)]
        letters = "".join(atom for atom in cut if not is_chinese(atom))[:_LETTERS]
        must, should = [], []
        if chinese:
            must.append(self._named("".join(chinese)))
            begun = {field: self._phrase(field, pairs([START, *chinese])) for field in NAMES}
            should += [Tantivy.const_score_query(each, IS_NAME * NAMES[field]) for field, each in begun.items()]
        if letters:
            must.append(_any(self._typed(letters, [])))
            should.append(_any(self._typed(letters, [START])))
        return _boolean([*((Occur.Must, each) for each in must), *((Occur.Should, each) for each in should)])

    def _typed(self, letters: str, before: list[str]) -> Iterator[Tantivy]:
        yield Tantivy.const_score_query(self._phrase("initials", pairs([*before, *letters])), IN_NAME)
        for typed in cuts(letters)[:1] if len(letters) == 1 else _with_syllables(letters):
            yield self._said(typed, before)
        if not before:
            yield self._term("characters", letters)
            if len(letters) >= _ENGLISH_FROM:
                yield Tantivy.regex_query(self._schema, "english", f"{letters}.*")

    def _term(self, field: str, token: str) -> Tantivy:
        return Tantivy.term_query(self._schema, field, token)

    def _phrase(self, field: str, tokens: Sequence[str]) -> Tantivy:
        """Return a phrase; tantivy panics at one of a single word."""
        if len(tokens) == 1:
            return self._term(field, tokens[0])
        return Tantivy.phrase_query(self._schema, field, list(tokens))


def _with_syllables(letters: str) -> list[Typed]:
    """Return the ways to read letters in which one syllable at least is whole: others are for ``initials``."""
    return [typed for typed in cuts(letters) if len(typed.begun) < len(typed.syllables)]


def _boost(query: Tantivy, weight: float) -> Tantivy:
    return Tantivy.boost_query(query, weight)


def _any(queries: Iterable[Tantivy]) -> Tantivy:
    return _boolean((Occur.Should, each) for each in queries)


def _some(queries: Sequence[Tantivy], least: int) -> Tantivy:
    return Tantivy.boolean_query([(Occur.Should, each) for each in queries], minimum_number_should_match=least)


def _boolean(clauses: Iterable[tuple[Occur, Tantivy]]) -> Tantivy:
    return Tantivy.boolean_query(list(clauses))
