"""The topics and life events of one process: what they are called, and which entries they bring together. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import UNSET

from services_catalog.reading.shown import Shown


class Together:
    """Topics and life events by code, as they are public now."""

    def __init__(self) -> None:
        self.topics: dict[str, Shown] = {}
        self.life_events: dict[str, Shown] = {}
        self._events_of: dict[str, set[str]] = {}  # by a step's code

    def __contains__(self, code: str) -> bool:
        return code in self.topics or code in self.life_events

    def take_over(self, codes: Iterable[str], public: Iterable[Shown]) -> Mapping[str, set[str]]:
        """Replace what changed of ``codes``; return what entries are to be indexed anew: filters and values of them."""
        changed: dict[str, set[str]] = defaultdict(set)
        found = {each.code: each for each in public}
        for code in codes:
            old, new = self._known(code), found.get(code)
            for each in filter(None, (old, new)):
                changed["topic" if each.level == "topic" else "life_event"].add(code)
                changed["code"] |= _steps(each)
                changed["item"] |= _steps(each)
            self.topics.pop(code, None)
            self.life_events.pop(code, None)
            if new is not None:
                (self.topics if new.level == "topic" else self.life_events)[code] = new
        self._events_of = defaultdict(set)
        for event in self.life_events.values():
            for step in _steps(event):
                self._events_of[step].add(event.code)
        return {field: values for field, values in changed.items() if values}

    def events_of(self, entry: Shown) -> tuple[str, ...]:
        """Return the life events that an entry belongs to: those it names, and those that name it, or its item."""
        steps = (entry.code, entry.item) if entry.level == "implementation" else (entry.code,)
        named = {event for step in steps for event in self._events_of.get(step, ())}
        return tuple(sorted({*(entry.life_events or ()), *named}))

    def labels(self, entry: Shown) -> tuple[str, ...]:
        """Return what an entry's topics and life events are called."""
        topics = (self.topics.get(code) for code in (*(entry.topics or ()), *(entry.local_topics or ())))
        events = (self.life_events.get(code) for code in self.events_of(entry))
        return tuple(dict.fromkeys(name for each in (*topics, *events) if each is not None for name in _names(each)))

    def _known(self, code: str) -> Shown | None:
        return self.topics.get(code) or self.life_events.get(code)


def _names(shown: Shown) -> Iterable[str]:
    for name in (shown.name, shown.everyday_name, *(shown.alternate_names or ())):
        if name is not UNSET:
            yield from filter(None, (name.zh, name.en))


def _steps(shown: Shown) -> set[str]:
    return {step.entry for step in shown.steps or ()}
