"""What residents would type to find an entry of the demonstration: its name in every way, and its topics. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from services_catalog.demo.names import words
from services_catalog.entries.document import EntryDocument
from services_catalog.search.characters import atoms, fold, is_chinese
from services_catalog.search.pinyin import spellings
from services_catalog.search.words import synonyms

_INITIALS = 10  # letters: nobody types more of them


class Wanted(NamedTuple):
    """An entry, whose residents it is for, and what finds it: questions by their kind, and topics."""

    code: str
    district: str
    questions: Mapping[str, str]
    topics: tuple[str, ...]


def wanted(item: EntryDocument, implementation: EntryDocument) -> Wanted:
    """Return what should find an authority's implementation of an item."""
    fields = item.fields
    assert fields.name  # noqa: S101 - demo.entries gives every item one
    name, others = fields.name.zh, [each.zh for each in fields.alternate_names or ()]
    called = [name, *([fields.everyday_name.zh] if fields.everyday_name else []), *others]
    meant = [word for word in synonyms(tuple(map(fold, called))) if word not in called]
    found = {"name": name, "everyday name": next(iter(called[1:]), ""), "synonym": next(iter(meant), "")}
    cut = [atom for atom in atoms(fold(name)) if is_chinese(atom)]
    if len(cut) == len(name):  # letters in a name are typed as they are
        said = spellings(cut)[0]
        found |= {"pinyin": "".join(said), "initials": "".join(each[0] for each in said)[:_INITIALS]}
    place = (implementation.fields.locations or ())[0]
    questions = {kind: text for kind, text in found.items() if text}
    return Wanted(implementation.code, place.organisation or "", questions, fields.topics or ())


def topic_name(code: str) -> str:
    """Return what a topic is called."""
    return words("topics")[code].name
