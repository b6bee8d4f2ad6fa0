"""The variant for elders and for who reads with difficulty: an own text, typed, not the long one in larger letters.

What is checked of it: services_catalog.entries.plain_rules.
"""

from typing import Annotated

from msgspec import Meta, Struct

from services_catalog.entries.words import Line, LocalizedProse, Url

Sentence = Annotated[LocalizedProse, Meta(description="A short sentence in zh, and in en where translated.")]


class PlainLanguage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The service in everyday words: what it does, what to bring, what to do step by step, and who helps."""

    what: Sentence
    bring: tuple[Sentence, ...] = ()
    steps: Annotated[tuple[Sentence, ...], Meta(min_length=1, max_length=20, description="1 to 20 steps.")]
    help_phone: Line | None = None
    voice: Url | None = None  # the same, read aloud


class Accessibility(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What elder and impaired people get. ``contrast_checked_on`` is the day somebody measured the pages."""

    plain: PlainLanguage | None = None
    contrast_checked_on: str | None = None
    captcha_alternative: bool = False  # where there is a puzzle, a voice or text does too
    sign_language: Url | None = None
