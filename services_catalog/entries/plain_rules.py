"""Rules for the plain-language variant: what makes a text easy, as far as a program can tell.

The limits are ours, after what plain-language guides agree on: one thought a sentence, short sentences, no officialese.
How large letters and buttons are is the front end's; docs/catalogue.md has the figures of MIIT's elder-mode guideline.
"""

import re
from collections.abc import Iterator

from msgspec import UNSET

from services_catalog.entries.plain_language import PlainLanguage
from services_catalog.entries.rule import Breach, Rule, Subject
from services_catalog.entries.words import OFFERED, LocalizedProse

_LONGEST_ZH = 25  # characters between full stops
_LONGEST_EN = 15  # words
_MOST_STEPS = 7  # as many as people keep in mind
_END = re.compile(r"[。！？；!?;\n]")
_END_EN = re.compile(r"[.!?;\n]")
_OFFICIALESE = {
    "依据": "按",
    "予以": "（删去）",
    "逾期": "过期",
    "缴纳": "交",
    "申领": "领",
    "持有效": "带上",
    "上述": "（写明是哪些）",
    "本人身份证件": "身份证",
    "经办": "办",
    "及时": "马上，或写明几天",
    "相关": "（写明是哪些）",
    "规定的": "（写明是哪条）",
}
_ABBREVIATION = re.compile(r"\b[A-Z]{2,}\b")
_KNOWN_ABBREVIATIONS = {"ID", "SMS", "QR", "APP"}


def _sentences(text: LocalizedProse, at: str) -> Iterator[Breach]:
    for sentence in _END.split(text.zh):
        if len(sentence.strip()) > _LONGEST_ZH:
            said = f"“{sentence.strip()[:12]}…” has {len(sentence.strip())} characters"
            yield Breach(f"{at}/zh", said, f"Make sentences of up to {_LONGEST_ZH}.")
    for sentence in _END_EN.split(text.en or ""):
        words = sentence.split()
        if len(words) > _LONGEST_EN:
            yield Breach(
                f"{at}/en", f"“{' '.join(words[:4])}…” has {len(words)} words", f"Up to {_LONGEST_EN}, please."
            )


def _vocabulary(text: LocalizedProse, at: str) -> Iterator[Breach]:
    for word, better in _OFFICIALESE.items():
        if word in text.zh:
            yield Breach(f"{at}/zh", f"“{word}” is officialese", f"Write: {better}")
    for word in _ABBREVIATION.findall(text.zh + " " + (text.en or "")):
        if word not in _KNOWN_ABBREVIATIONS:
            yield Breach(at, f"{word} is an abbreviation", "Write it out.")


def _texts(plain: PlainLanguage) -> Iterator[tuple[str, LocalizedProse]]:
    at = "/accessibility/plain"
    yield f"{at}/what", plain.what
    yield from ((f"{at}/bring/{number}", each) for number, each in enumerate(plain.bring))
    yield from ((f"{at}/steps/{number}", each) for number, each in enumerate(plain.steps))


def _plain(subject: Subject) -> PlainLanguage | None:
    accessibility = subject.fields.accessibility
    return accessibility.plain if accessibility is not UNSET else None


def _short(subject: Subject) -> Iterator[Breach]:
    if plain := _plain(subject):
        for at, text in _texts(plain):
            yield from _sentences(text, at)


def _everyday(subject: Subject) -> Iterator[Breach]:
    if plain := _plain(subject):
        for at, text in _texts(plain):
            yield from _vocabulary(text, at)


def _steps(subject: Subject) -> Iterator[Breach]:
    plain = _plain(subject)
    if plain and len(plain.steps) > _MOST_STEPS:
        fix = f"Join or drop some: {_MOST_STEPS} at most."
        yield Breach("/accessibility/plain/steps", f"{len(plain.steps)} steps are too many to keep in mind", fix)


def _complete(subject: Subject) -> Iterator[Breach]:
    plain = _plain(subject)
    if not plain:
        return
    required = [each for each in subject.fields.materials or () if each.necessity == "required"]
    if required and len(plain.bring) < len(required):
        message = f"{len(required)} materials are required and {len(plain.bring)} named"
        yield Breach("/accessibility/plain/bring", message, "Name everything that has to be brought.")
    if not plain.help_phone:
        yield Breach("/accessibility/plain/help_phone", "nobody can be called", "Give a number where people answer.")


def _missing(subject: Subject) -> Iterator[Breach]:
    if subject.level in OFFERED and _plain(subject) is None and "person" in (subject.fields.audience or ()):
        yield Breach("/accessibility/plain", "there is no plain-language variant", "Write one: docs/catalogue.md.")


RULES = (
    Rule("E30-plain-complete", "Who reads only this variant must not come in vain.", "error", _complete),
    Rule("E31-plain-steps", "Nobody keeps more than seven things in mind.", "error", _steps),
    Rule("W30-plain-short", "Long sentences are given up half-way.", "warning", _short),
    Rule("W31-plain-everyday", "Officialese is what the variant is there to replace.", "warning", _everyday),
    Rule("W32-plain-missing", "Residents ask for services for their parents.", "warning", _missing),
)
