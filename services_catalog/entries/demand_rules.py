"""Rules about what applicants are asked for: materials and fees, those of the entry and those of single channels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from services_catalog.entries.channels import ChannelOverrides
from services_catalog.entries.fields import Fields
from services_catalog.entries.rule import Breach, Rule, Subject


def _demands(subject: Subject) -> Iterator[tuple[str, Fields | ChannelOverrides]]:
    """Yield where something is asked for (an RFC 6901 pointer), and what."""
    yield "", subject.fields
    for at, channel in enumerate(subject.fields.channels or ()):
        if channel.overrides is not None:
            yield f"/channels/{at}/overrides", channel.overrides


def _materials(subject: Subject) -> Iterator[Breach]:
    for where, asked in _demands(subject):
        for at, material in enumerate(asked.materials or ()):
            here, name = f"{where}/materials/{at}", material.name.zh
            if material.legal_basis is None:
                fix = "Name the law that asks for it, or no longer ask for it."
                yield Breach(here, f"the material {name} has no basis", fix)
            if material.necessity == "conditional" and material.condition is None:
                fix = "Write the condition, or make it required or optional."
                yield Breach(f"{here}/condition", f"nobody can tell when {name} is needed", fix)


def _waivers(subject: Subject) -> Iterator[Breach]:
    for where, asked in _demands(subject):
        for at, material in enumerate(asked.materials or ()):
            if material.waived_if_shared and material.licence is None:
                fix = "Name the electronic licence's type code."
                message = f"{material.name.zh} cannot be fetched without a code"
                yield Breach(f"{where}/materials/{at}/licence", message, fix)


def _fees(subject: Subject) -> Iterator[Breach]:
    for where, asked in _demands(subject):
        fee, here = asked.fee, f"{where}/fee/items"
        if not fee:
            continue
        if fee.charged and not fee.items:
            yield Breach(here, "a fee is charged and none is named", "List every fee, or write charged: false.")
        if not fee.charged and fee.items:
            yield Breach(here, "fees are named and none is charged", "Leave them out, or write charged: true.")
        for at, item in enumerate(fee.items):
            if item.basis is None:
                yield Breach(f"{here}/{at}/basis", f"the fee {item.name.zh} has no basis", "Name law and article.")
            if item.amount_fen is None and item.standard is None:
                fix = "Give amount_fen, or the standard in words."
                yield Breach(f"{here}/{at}", f"nobody can tell how high the fee {item.name.zh} is", fix)
            if item.waivable and item.waiver_basis is None:
                fix = "Name the law by which it is waived."
                yield Breach(f"{here}/{at}/waiver_basis", f"the waiver of {item.name.zh} has no basis", fix)


def _ids(subject: Subject) -> Iterator[Breach]:
    for where, asked in _demands(subject):
        for name in asked.__struct_fields__:
            yield from _twice(f"{where}/{name}", getattr(asked, name))
        yield from _twice(f"{where}/fee/items", asked.fee.items if asked.fee else ())


def _twice(at: str, listed: Any) -> Iterator[Breach]:
    """Yield the ids that several of a list of things have; lists of something else have none."""
    if not isinstance(listed, Sequence) or not all(isinstance(each, Struct) and hasattr(each, "id") for each in listed):
        return
    for each, count in Counter(each.id for each in listed).items():
        if count > 1:
            yield Breach(at, f"the id {each!r} stands there {count} times", "Give each its own id.")


RULES = (
    Rule("E04-materials", "Asking for what no law asks for is what residents complain of.", "error", _materials),
    Rule("E05-waivers", "What is promised to be fetched must be possible to fetch.", "error", _waivers),
    Rule("E06-fees", "A fee without a basis is not to be paid.", "error", _fees),
    Rule("E07-ids", "Calls and shared forms know materials, fees and channels by id.", "error", _ids),
)
