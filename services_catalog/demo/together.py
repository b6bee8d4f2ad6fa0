"""Topics and life events of the city that does not exist: those that its items name, by their real names. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services_catalog.demo.names import Word, words
from services_catalog.demo.organisations import CITY
from services_catalog.entries.document import EntryDocument, read_entry

_MOST_STEPS = 60  # services_catalog.entries.steps.Steps


def together(documents: Iterable[EntryDocument]) -> Iterator[EntryDocument]:
    """Yield topics, then life events, each of which has the items that name it as its steps, in any order."""
    items = [each for each in documents if each.level == "item"]
    topics = {code for item in items for code in item.fields.topics or ()}
    yield from (_entry("topic", words("topics")[code]) for code in sorted(topics))
    for code in sorted({code for item in items for code in item.fields.life_events or ()}):
        word = words("life_events")[code]
        steps = [{"entry": item.code} for item in items if code in (item.fields.life_events or ())]
        yield _entry("life_event", word, **_event(word, steps[:_MOST_STEPS]))


def _event(word: Word, steps: Sequence[dict[str, str]]) -> dict[str, Any]:
    text = {"zh": f"“{word.name}”要办的事，按自己的情况选办。", "en": f"{word.english}: choose what you need."}
    return {"summary": text, "audience": ["person", "enterprise"], "steps": steps}


def _entry(level: str, word: Word, **fields: Any) -> EntryDocument:
    named = {"name": {"zh": word.name, "en": word.english}}
    return read_entry({"level": level, "code": word.code, "organisation": CITY, "fields": named | fields})
