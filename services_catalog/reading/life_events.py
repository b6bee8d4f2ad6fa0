"""Life events as one reader sees them: the services of their own district, in rounds, each material once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services_catalog.entries.scenarios import plan
from services_catalog.entries.steps import Step
from services_catalog.reading.answers import LifeEventSummary, Topic
from services_catalog.reading.shelf import Shelf
from services_catalog.reading.shown import Shown, holds
from services_catalog.reading.wire import encode, plain
from services_catalog.search.query import Query

_NONE = b"null"


def topics(shelf: Shelf, now: datetime) -> bytes:
    """Return the city's topics by code."""
    found = (each for _, each in sorted(shelf.together.topics.items()) if holds(each, now))
    return msgspec.json.encode([plain(Topic(each.code, each.name or None, each.summary or None)) for each in found])


def life_events(shelf: Shelf, now: datetime, path: Sequence[str], audience: str | None) -> bytes:
    """Return the life events of a reader's district and of those above it, by code."""
    found = (each for _, each in sorted(shelf.together.life_events.items()) if _is_for(each, now, path))
    chosen = [each for each in found if audience is None or audience in (each.audience or ())]
    return msgspec.json.encode([_summary(each) for each in chosen])


async def life_event(shelf: Shelf, now: datetime, path: Sequence[str], code: str) -> bytes:
    """Return one life event with the steps that a reader of a district may see; null if there is none for them."""
    event = shelf.together.life_events.get(code)
    if event is None or not _is_for(event, now, path):
        return _NONE
    steps = event.steps or ()
    chosen = await asyncio.to_thread(lambda: {step.entry: _offered(shelf, step, now, path) for step in steps})
    shown = await shelf.shown(sorted({*chosen.values()}))
    entries = {step: shown[entry] for step, entry in chosen.items() if entry in shown and holds(shown[entry], now)}
    made = plan(steps, entries, {})
    rounds = [(step, number) for number, each in enumerate(made.rounds, 1) for step in each]
    parts = [_step(step, number, entries) for step, number in rounds]
    materials = [{"material": plain(each.material), "steps": each.entries} for each in made.materials]
    rest = msgspec.json.encode(_summary(event))[1:-1], msgspec.json.encode({"materials": materials})[1:]
    return b'{"steps":[' + b",".join(parts) + b"]," + b",".join(rest)


def _summary(event: Shown) -> Any:
    """Return what of a life event is listed, ready to be encoded."""
    found = LifeEventSummary(
        code=event.code,
        name=event.name or None,
        summary=event.summary or None,
        audience=event.audience or (),
        topics=event.topics or (),
        authority=event.authority,
    )
    return plain(found)


def _step(step: Step, number: int, entries: dict[str, Shown]) -> bytes:
    after = [code for code in step.after if code in entries]
    rest = {"step": step.entry, "round": number, "after": after, "optional": step.optional, "note": plain(step.note)}
    return b'{"entry":' + encode(entries[step.entry]) + b"," + msgspec.json.encode(rest)[1:]


def _offered(shelf: Shelf, step: Step, now: datetime, path: Sequence[str]) -> str:
    """Return the entry that a step leads to for who lives on a path of organisations, the own first.

    That is the one that the step names; of a generic item what the nearest of these organisations makes of it. Without
    a district nobody can tell whose, so an item is shown itself; empty if there is nothing for them.
    """
    if shelf.index.search(Query(at=now, code=step.entry, district=tuple(path), first=1)).hits:
        return step.entry
    for area in path:
        query = Query(at=now, item=step.entry, level="implementation", district=(area,), first=1)
        if hits := shelf.index.search(query).hits:
            return hits[0].code
    return "" if path else step.entry


def _is_for(event: Shown, now: datetime, path: Sequence[str]) -> bool:
    return (not path or event.area in path) and holds(event, now)
