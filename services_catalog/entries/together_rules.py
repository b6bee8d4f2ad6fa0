"""Rules about life events: what brings services together must lead somewhere."""

from collections.abc import Iterator

from services_catalog.entries.rule import Breach, Rule, Subject
from services_catalog.entries.scenarios import defects


def _order(subject: Subject) -> Iterator[Breach]:
    yield from defects(subject.fields.steps or ())


def _known(subject: Subject) -> Iterator[Breach]:
    for at, step in enumerate(subject.fields.steps or ()):
        if step.entry in subject.steps and subject.steps[step.entry] is None:
            fix = "Write the code of an item, an implementation or a case: yiwang entry list."
            yield Breach(f"/steps/{at}/entry", f"there is no service {step.entry}", fix)


def _hidden(subject: Subject) -> Iterator[Breach]:
    for at, step in enumerate(subject.fields.steps or ()):
        if subject.steps.get(step.entry) == "hidden":
            message = f"{step.entry} is not public, so residents do not see this step"
            yield Breach(f"/steps/{at}/entry", message, "Publish it first.")


RULES = (
    Rule("E27-order", "Steps that wait for each other can never be done.", "error", _order),
    Rule("E26-steps", "A step without a service leads nowhere.", "error", _known),
    Rule("W04-steps", "A life event with gaps is done half.", "warning", _hidden),
)
