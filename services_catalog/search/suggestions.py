"""What a resident who began to type may mean."""

from collections.abc import Iterator
from itertools import chain

from tantivy import Occur
from tantivy import Query as Tantivy

from services_catalog.search.characters import atoms, fold
from services_catalog.search.documents import Texts
from services_catalog.search.pinyin import spellings
from services_catalog.search.query import MAX_FIRST, Suggestion
from services_catalog.search.ranking import Asked, Snapshot, allowed, rows_at, texts_at

_ALIKE = 3  # entries read for each name shown: one name may be that of several authorities' entries


def suggestions(snapshot: Snapshot, asked: Asked) -> tuple[Suggestion, ...]:
    """Return names that go on as the text begins, each once, up to ``first`` of the query."""
    if not atoms(asked.question.text):
        return ()
    first = max(0, min(asked.query.first, MAX_FIRST))
    begun = snapshot.matcher.begun(asked.question.text)
    wanted = Tantivy.boolean_query([*allowed(snapshot, asked), (Occur.Must, begun)])
    found = snapshot.searcher.search(wanted, max(1, _ALIKE * first), count=False, weight_by_field="weight").hits
    addresses = [address for _, address in found]
    names: dict[str, str] = {}
    for address, row in zip(addresses, rows_at(snapshot, addresses), strict=True):
        if len(names) == first:
            break
        names.setdefault(_best(texts_at(snapshot, address), asked.question.text), row.code)
    return tuple(Suggestion(text, code) for text, code in names.items())


def _best(texts: Texts, typed: str) -> str:
    """Return the name that begins as was typed, or else has it, or else the official one."""
    names = [(name, fold(name)) for name in (*(name for name, _ in texts.called()), *texts.english)]
    begin = (name for name, folded in names if any(said.startswith(typed) for said in _said(folded)))
    have = (name for name, folded in names if typed in folded)
    return next(chain(begin, have), texts.name)


def _said(folded: str) -> Iterator[str]:
    """Yield a name as it may be typed."""
    usual = spellings(atoms(folded))[0]
    yield from (folded, "".join(usual), "".join(syllable[0] for syllable in usual))
