"""An entry as a document of tantivy: fields that are matched, fields that filter and count, and what is kept beside."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import log10
from typing import Any, Literal, NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct
from tantivy import Document, Filter, Index, Schema, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

from services_catalog.search.characters import END, START, atoms, fold, gaps, pairs
from services_catalog.search.nearness import cell_of, name_of
from services_catalog.search.pinyin import spellings
from services_catalog.search.searchable import Searchable
from services_catalog.search.words import parts, synonyms

_OF_LABELS = ("label_pinyin", "label_initials")
MATCHED = ("name", "also", "synonym", "body", "characters", "gaps", "pinyin", "initials", "spelled", *_OF_LABELS)
_OF_ALL_NAMES = ("characters", "gaps", "pinyin", "initials")
COUNTED = ("topic", "audience", "channel", "district", "authority")
FILTERED = (*COUNTED, "code", "item", "level", "life_event", "host", "opening", "cell")
ALWAYS, NEVER = 0, 2**40  # seconds since 1970, of what is visible from ever or to ever
_ONE_WORD = 6  # characters of a synonym that is typed as one word of pinyin
_BODY_CHARACTERS = 2_000  # of texts: what comes later in a guide is detail that the names do not need
_MOST_POPULAR = 2**31  # more are as many
_WEIGHT = 0.06  # tantivy multiplies a score by log2(2 + this): 4 % decide between equals, not between words


class Texts(Struct, array_like=True):
    """The texts that an entry was found by, as they were written, kept to say why."""

    name: str
    everyday: str
    also: tuple[str, ...]
    english: tuple[str, ...]
    body: str
    labels: tuple[str, ...] = ()  # in the body, too

    def called(self) -> Iterator[tuple[str, Literal["name", "everyday"]]]:
        """Yield what the entry is called in Chinese, the official name first."""
        yield self.name, "name"
        if self.everyday:
            yield self.everyday, "everyday"
        for name in self.also:
            yield name, "name"

    def synonyms(self) -> Mapping[str, str]:
        """Return what else people call it, folded: each word with the one of its names that it stands for."""
        return synonyms(tuple(fold(name) for name in (*(name for name, _ in self.called()), *self.english)))


def schema() -> Schema:
    """Return the fields of the index."""
    builder = SchemaBuilder()
    for name in MATCHED:
        builder.add_text_field(name, tokenizer_name="spaces")
    builder.add_text_field("english", tokenizer_name="en_stem")
    for name in FILTERED:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name in COUNTED)
    for name in ("visible_from", "visible_until", "row"):
        builder.add_integer_field(name, fast=True, indexed=True)
    builder.add_unsigned_field("order", fast=True)
    builder.add_float_field("weight", fast=True)
    builder.add_bytes_field("texts", stored=True)
    return builder.build()


def register(index: Index) -> None:
    """Give the index the tokenizer that our tokens are for: they are joined by spaces."""
    spaces = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.remove_long(200)).build()
    index.register_tokenizer("spaces", spaces)


def texts_of(entry: Searchable) -> Texts:
    """Return the entry's texts."""
    body = " ".join((entry.summary, entry.plain, *entry.materials, *entry.labels, entry.authority_name))
    called = (entry.name, entry.everyday_name, entry.alternate_names, entry.english)
    return Texts(*called, body[:_BODY_CHARACTERS], entry.labels)


def document(entry: Searchable, row: int, openings: Iterable[str]) -> Document:
    """Return the entry's document. ``row`` numbers it, ``openings`` are the hours that it may be open in."""
    texts = texts_of(entry)
    found = Document()
    _add_words(found, texts)
    for said in map(_tokens, map(fold, filter(None, entry.labels))):
        for field in _OF_LABELS:
            found.add_text(field, getattr(said, field.removeprefix("label_")))
    for field, values in _filters(entry).items():
        for value in values:
            found.add_text(field, value)
    for each in openings:
        found.add_text("opening", each)
    found.add_text("english", fold(entry.english_summary))
    found.add_integer("visible_from", seconds(entry.visible_from, ALWAYS))
    found.add_integer("visible_until", seconds(entry.visible_until, NEVER))
    found.add_integer("row", row)
    popularity = max(0, min(entry.popularity, _MOST_POPULAR))
    found.add_float("weight", _WEIGHT * log10(1 + popularity) / log10(1 + _MOST_POPULAR))
    found.add_unsigned("order", popularity << 32 | crc32(entry.code.encode()))
    found.add_bytes("texts", msgspec.msgpack.encode(texts))
    return found


def seconds(moment: datetime | None, otherwise: int) -> int:
    """Return whole seconds since 1970."""
    return otherwise if moment is None else int(moment.astimezone(UTC).timestamp())


def _filters(entry: Searchable) -> dict[str, Iterable[str]]:
    hosted = [each for each in entry.channels if each.host]
    return {
        "code": (entry.code,),
        "item": (entry.item,) if entry.item else (),
        "level": (entry.level,),
        "topic": set(entry.topics),
        "life_event": set(entry.life_events),
        "audience": set(entry.audience),
        "channel": {each.kind for each in entry.channels},
        "host": {way for each in hosted for way in (f"@{each.host}", f"{each.kind}@{each.host}")},
        "district": (entry.district,),
        "authority": (entry.authority,),
        "cell": {name_of(cell_of(point)) for place in entry.places if (point := place.point)},
    }


def _add_words(found: Document, texts: Texts) -> None:
    for field, tokens in _named(texts.name, texts.everyday, texts.also, texts.english):
        found.add_text(field, tokens)
    found.add_text("body", " ".join(pairs(atoms(fold(texts.body)))))


@lru_cache(2_000)  # 10 MB, as for synonyms
def _named(name: str, everyday: str, also: tuple[str, ...], english: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the tokens of what an entry is called, by field."""
    texts = Texts(name, everyday, also, english, "")
    called, more = [fold(each) for each, _ in texts.called()], texts.synonyms()
    first, rest, other = _tokens(called[0]), [*map(_tokens, called[1:])], [*map(_tokens, more)]
    words = {word for each in called for word in parts(each)} | {word for word in more if len(word) <= _ONE_WORD}
    names = [first, *rest, *other]
    return [
        ("name", first.pairs),
        ("also", " ".join(each.pairs for each in rest)),
        ("synonym", " ".join(each.pairs for each in other)),
        *((field, " ".join(getattr(each, field) for each in names)) for field in _OF_ALL_NAMES),
        ("spelled", " ".join(sorted({_tokens(word).spelled for word in words}))),
        *(("english", fold(each)) for each in english),
        *(("english", word) for word in more if word.isascii()),
    ]


class _Tokens(NamedTuple):
    """The tokens of one name by field. Marks at its beginning keep phrases from running from one name into the next."""

    pairs: str
    characters: str
    gaps: str
    pinyin: str
    initials: str
    spelled: str


@lru_cache(4_000)  # 4 MB: synonyms come again with every entry
def _tokens(name: str) -> _Tokens:
    cut = atoms(name)
    said = spellings(cut)
    return _Tokens(
        " ".join(pairs([START, *cut, END])),
        " ".join(cut),
        " ".join(gaps(cut)),
        " ".join(" ".join([START, *each]) for each in said),
        " ".join(" ".join(pairs([START, *(syllable[0] for syllable in each)])) for each in said),
        "".join(said[0]),
    )


def texts_in(stored: dict[str, Any]) -> Texts:
    """Return the texts of a stored document."""
    return msgspec.msgpack.decode(bytes(stored["texts"][0]), type=Texts)
