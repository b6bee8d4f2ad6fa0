"""Rules about what an entry is, what it stands on and what comes out of it."""

from collections.abc import Iterator

from msgspec import UNSET

from services_catalog.entries.codes import defect, schemes
from services_catalog.entries.fields import SAID_AT, said
from services_catalog.entries.rule import Breach, Rule, Subject

_NEEDED = {
    "item": ("name", "item_type", "audience", "topics"),
    "implementation": ("name", "item_type", "audience", "topics", "summary", "channels", "promised_time", "fee"),
    "case": ("name", "item_type", "audience", "topics", "summary", "channels", "promised_time", "fee"),
    "topic": ("name",),
    "life_event": ("name", "summary", "audience", "steps"),
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


def _codes(subject: Subject) -> Iterator[Breach]:
    scheme = _SCHEME_OF.get(subject.level)
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
    Rule("E08-codes", "Other systems find the entry by these codes.", "error", _codes),
    Rule("E09-result", "Electronic licences are looked up by kind.", "error", _result),
    Rule("E17-placed", "What only an authority knows is not for all authorities to say.", "error", _placed),
    Rule("W01-english", "Who reads no Chinese reads nothing else.", "warning", _english),
)
