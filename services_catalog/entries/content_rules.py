"""Rules about what an entry is, what it stands on and what it asks for."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Struct

from services_catalog.entries.codes import defect, schemes
from services_catalog.entries.fields import SAID_AT, said
from services_catalog.entries.rule import Breach, Rule, Subject

_NEEDED = {
    "item": ("name", "item_type", "audience", "topics"),
    "implementation": ("name", "item_type", "audience", "topics", "summary", "channels", "promised_time", "fee"),
    "case": ("name", "item_type", "audience", "topics", "summary", "channels", "promised_time", "fee"),
}
_POWERS_WITHOUT_LAW = {"public_service"}
_SCHEME_OF = {"item": "cn-item", "implementation": "cn-implementation", "case": "cn-case"}
_RESULT_NAMES = {"证": "licence", "证书": "licence", "执照": "licence", "许可证": "licence", "批复": "approval"}


def _needed(subject: Subject) -> Iterator[Breach]:
    for name in _NEEDED[subject.level]:
        value = getattr(subject.fields, name)
        if value is UNSET or value == ():
            yield Breach(f"/{name}", f"{name} is missing, and nothing above says it", f"Say {name}.")


def _parents(subject: Subject) -> Iterator[Breach]:
    for code in subject.unpublished_parents:
        yield Breach("", f"{code}, which it belongs to, is not published", f"Publish {code} first.")


def _law(subject: Subject) -> Iterator[Breach]:
    fields = subject.fields
    if fields.item_type is not UNSET and fields.item_type not in _POWERS_WITHOUT_LAW and not fields.legal_basis:
        yield Breach("/legal_basis", f"a {fields.item_type} needs a law that it stands on", "Name law and article.")


def _materials(subject: Subject) -> Iterator[Breach]:
    for at, material in enumerate(subject.fields.materials or ()):
        if material.legal_basis is None:
            fix = "Name the law that asks for it, or no longer ask for it."
            yield Breach(f"/materials/{at}", f"the material {material.name.zh} has no basis", fix)
        if material.necessity == "conditional" and material.condition is None:
            fix = "Write the condition, or make it required or optional."
            yield Breach(f"/materials/{at}/condition", f"nobody can tell when {material.name.zh} is needed", fix)


def _waivers(subject: Subject) -> Iterator[Breach]:
    for at, material in enumerate(subject.fields.materials or ()):
        if material.waived_if_shared and material.licence is None:
            fix = "Name the electronic licence's type code."
            yield Breach(f"/materials/{at}/licence", f"{material.name.zh} cannot be fetched without a code", fix)


def _fees(subject: Subject) -> Iterator[Breach]:
    fee = subject.fields.fee
    if not fee:
        return
    if fee.charged and not fee.items:
        yield Breach("/fee/items", "a fee is charged and none is named", "List every fee, or write charged: false.")
    if not fee.charged and fee.items:
        yield Breach("/fee/items", "fees are named and none is charged", "Leave them out, or write charged: true.")
    for at, item in enumerate(fee.items):
        if item.basis is None:
            yield Breach(f"/fee/items/{at}/basis", f"the fee {item.name.zh} has no basis", "Name law and article.")
        if item.amount_fen is None and item.standard is None:
            fix = "Give amount_fen, or the standard in words."
            yield Breach(f"/fee/items/{at}", f"nobody can tell how high the fee {item.name.zh} is", fix)
        if item.waivable and item.waiver_basis is None:
            fix = "Name the law by which it is waived."
            yield Breach(f"/fee/items/{at}/waiver_basis", f"the waiver of {item.name.zh} has no basis", fix)


def _ids(subject: Subject) -> Iterator[Breach]:
    for name, value in said(subject.fields).items():
        if isinstance(value, tuple) and value and isinstance(value[0], Struct) and hasattr(value[0], "id"):
            yield from _twice(f"/{name}", [each.id for each in value])
    if subject.fields.fee:
        yield from _twice("/fee/items", [each.id for each in subject.fields.fee.items])


def _twice(at: str, ids: list[Any]) -> Iterator[Breach]:
    for each, count in Counter(ids).items():
        if count > 1:
            yield Breach(at, f"the id {each!r} stands there {count} times", "Give each its own id.")


def _codes(subject: Subject) -> Iterator[Breach]:
    scheme = _SCHEME_OF[subject.level]
    if subject.fields.local_codes and scheme in subject.fields.local_codes:
        yield Breach(f"/local_codes/{scheme}", "the national code is the entry's own", "Leave it out here.")
    for name, code in (subject.fields.local_codes or {}).items():
        if wrong := defect(name, code):
            known = schemes()[name]
            yield Breach(f"/local_codes/{name}", f"{code} is no {name} code: {wrong}", f"Such as {known.example}.")


def _result(subject: Subject) -> Iterator[Breach]:
    result = subject.fields.result
    if not result:
        return
    for ending, kind in _RESULT_NAMES.items():
        if result.name.zh.endswith(ending) and result.kind != kind:
            message = f"{result.name.zh} sounds like a {kind} and is a {result.kind}"
            yield Breach("/result/kind", message, f"Write {kind}, or another name.")
            return


def _english(subject: Subject) -> Iterator[Breach]:
    for name in ("name", "summary"):
        text = getattr(subject.fields, name)
        if text and text.en is None:
            yield Breach(f"/{name}/en", f"{name} has no English, so the Chinese is shown", "Translate it.")


def _placed(subject: Subject) -> Iterator[Breach]:
    for name in said(subject.own):
        if subject.level not in SAID_AT[name]:
            where = " or ".join(SAID_AT[name])
            yield Breach(f"/{name}", f"{name} is not for the {subject.level} to say", f"Say it at the {where}.")


RULES = (
    Rule("E01-needed", "Residents cannot use an entry without it.", "error", _needed),
    Rule("E02-parents", "What an entry inherits from must be true before the entry is.", "error", _parents),
    Rule("E03-law", "A power without a law is none (CPSV-AP: a service follows rules).", "error", _law),
    Rule(
        "E04-materials",
        "Asking for what no law asks for is what residents complain of.",
        "error",
        _materials,
    ),
    Rule("E05-waivers", "What is promised to be fetched must be possible to fetch.", "error", _waivers),
    Rule("E06-fees", "A fee without a basis is not to be paid.", "error", _fees),
    Rule("E07-ids", "Calls and shared forms know materials, fees and channels by id.", "error", _ids),
    Rule("E08-codes", "Other systems find the entry by these codes.", "error", _codes),
    Rule("E09-result", "Electronic licences are looked up by kind.", "error", _result),
    Rule("E17-placed", "What only an authority knows is not for all authorities to say.", "error", _placed),
    Rule("W01-english", "Who reads no Chinese reads nothing else.", "warning", _english),
)
