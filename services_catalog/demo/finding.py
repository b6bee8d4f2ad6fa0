"""Whether every entry of the demonstration is found, as residents of its district ask: counted, with what is missed."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct, field

from services_catalog.demo.questions import Wanted, topic_name

_FIRST_SCREEN = 10
_PAGE = 100


class Page(Struct, frozen=True):
    """Codes that were found, and the cursor of what comes after them; empty: nothing does."""

    codes: tuple[str, ...]
    after: str = ""


class Asked(Struct, frozen=True):
    """A search, as the graph takes it; empty: not said."""

    district: str
    text: str = ""
    topic: str = ""
    first: int = _PAGE
    after: str = ""


Search = Callable[[Asked], Awaitable[Page]]


class Report(Struct):
    """How many were to be found by which kind of question, how many were, and on the first screen; and who was not."""

    asked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, str, str]] = field(default_factory=list)  # code, kind, question

    def add(self, code: str, kind: str, question: str, codes: Sequence[str]) -> None:
        """Count one question for one entry."""
        self.asked[kind] += 1
        self.found[kind] += code in codes
        self.first[kind] += code in codes[:_FIRST_SCREEN]
        if code not in codes:
            self.missed.append((code, kind, question))


async def find_all(search: Search, entries: Iterable[Wanted]) -> Report:
    """Ask for every entry in each way; topics are paged through to their end, by code and by name."""
    report = Report()
    of_topics: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        for kind, text in entry.questions.items():
            codes = await _whole(search, Asked(entry.district, text=text))
            report.add(entry.code, kind, text, codes)
        for topic in entry.topics:
            of_topics[entry.district, topic].append(entry.code)
    for (district, topic), codes in of_topics.items():
        ways = {"topic": Asked(district, topic=topic), "topic's name": Asked(district, text=topic_name(topic))}
        for kind, asked in ways.items():
            found = await _whole(search, asked)
            for code in codes:
                report.add(code, kind, topic, found)
    return report


async def _whole(search: Search, asked: Asked) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        page = await search(Asked(asked.district, asked.text, asked.topic, asked.first, after))
        found += page.codes
        after = page.after
        if len(page.codes) < asked.first or not after:
            return found
