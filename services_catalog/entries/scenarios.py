"""Life events (一件事): services of several departments as one plan, in order, each material asked for once. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from services_catalog.entries.conditions import Condition, Value, judge
from services_catalog.entries.fields import Fields
from services_catalog.entries.materials import Material
from services_catalog.entries.rule import Breach
from services_catalog.entries.steps import Step
from services_catalog.strict_reading import pointer


class Shared(Struct, frozen=True):
    """A material, asked for once: ``entries`` are the services that all get it."""

    material: Material
    entries: tuple[str, ...]


class Plan(Struct, frozen=True):
    """``rounds`` are steps that can be done at the same time, each round after the one before it."""

    rounds: tuple[tuple[Step, ...], ...]
    materials: tuple[Shared, ...]
    ruled_out: tuple[str, ...]  # services whose conditions the facts do not meet
    missing_facts: tuple[str, ...]  # what would have to be known to tell of the others


def defects(steps: Sequence[Step]) -> Iterator[Breach]:
    """Yield steps that stand twice, that wait for none of the steps, or for each other."""
    codes = [step.entry for step in steps]
    for at, step in enumerate(steps):
        where = pointer("/steps", at)
        if step.entry in codes[:at]:
            yield Breach(f"{where}/entry", f"{step.entry} is a step already", "Leave one of them out.")
        for other in step.after:
            if other not in codes:
                yield Breach(f"{where}/after", f"{other} is no step of the plan", "Add it, or do not wait.")
    try:
        _sorter(steps).prepare()
    except CycleError as cycle:
        way = " → ".join(reversed(cycle.args[1]))
        yield Breach("/steps", f"steps wait for each other: {way}", "Take one `after` out.")


def plan(steps: Sequence[Step], entries: Mapping[str, Fields], facts: Mapping[str, Value]) -> Plan:
    """Order a life event's steps for somebody of whom ``facts`` are known.

    ``entries`` are the effective fields of the services that may be seen, by their step's code.
    The plan leaves the others out; what waits for a step that is left out still comes after what that step waits for.
    """
    ruled_out, missing = [], dict[str, None]()
    for step in steps:
        verdicts = [judge(each.rule, facts) for each in _conditions(entries.get(step.entry)) if each.rule is not None]
        missing.update((fact, None) for verdict in verdicts for fact in verdict.missing)
        if any(verdict.met is False for verdict in verdicts):
            ruled_out.append(step.entry)
    kept = {step.entry: step for step in steps if step.entry in entries and step.entry not in ruled_out}
    return Plan(_rounds(steps, kept), _shared(kept, entries), tuple(ruled_out), tuple(missing))


def _conditions(fields: Fields | None) -> tuple[Condition, ...]:
    return fields.acceptance_conditions or () if fields is not None else ()


def _rounds(steps: Sequence[Step], kept: Mapping[str, Step]) -> tuple[tuple[Step, ...], ...]:
    sorter = _sorter(steps)
    sorter.prepare()
    rounds = []
    place = {step.entry: at for at, step in enumerate(steps)}
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        sorter.done(*ready)
        if together := tuple(kept[code] for code in ready if code in kept):
            rounds.append(together)
    return tuple(rounds)


def _shared(kept: Mapping[str, Step], entries: Mapping[str, Fields]) -> tuple[Shared, ...]:
    """Return every material once, as the strictest of those who ask for it describes it: required, originals, copies.

    Departments mean the same one if its electronic licence is the same, or its id where there is none.
    """
    found: dict[str, tuple[Material, list[str]]] = {}
    for code in kept:
        for material in entries[code].materials or ():
            same = material.licence or material.id
            known, users = found.setdefault(same, (material, []))
            users.append(code)
            found[same] = (max(known, material, key=_strictness), users)
    return tuple(Shared(material, tuple(users)) for material, users in found.values())


def _sorter(steps: Sequence[Step]) -> TopologicalSorter[str]:
    return TopologicalSorter({step.entry: step.after for step in steps})


def _strictness(material: Material) -> tuple[int, int, int]:
    necessity = ("optional", "conditional", "required").index(material.necessity)
    return necessity, "original" in material.forms, material.copies
