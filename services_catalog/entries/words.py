"""The small words of an entry: texts in two languages, dates, amounts of time, and the lists that fields choose from.

Topics and life events are entries that a city writes by itself; the lists here are what the rules reason about.
"""

import re
from datetime import date
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

Line = Annotated[str, Meta(min_length=1, max_length=1000, description="One line of text, up to 1,000 characters.")]
Prose = Annotated[str, Meta(min_length=1, max_length=20_000, description="Text, up to 20,000 characters.")]
_CODE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
Code = Annotated[
    str,
    Meta(pattern=rf"^{_CODE}\Z", description="Letters, digits, dots, hyphens, up to 64."),
]
Url = Annotated[
    str,
    Meta(pattern=r"^https?://[!-~]+\Z", max_length=2000, description="An https:// or http:// address, encoded."),
]
Day = Annotated[date, Meta(description="A date such as 2026-05-01.")]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z", description="A time of day such as 09:30.")]

EntryLevel = Literal["item", "implementation", "case", "topic", "life_event"]
LEVELS: tuple[EntryLevel, ...] = ("item", "implementation", "case", "topic", "life_event")
SERVICES: tuple[EntryLevel, ...] = ("item", "implementation", "case")
"""What is offered, in three levels; topics and life events (一件事) bring services together and inherit nothing."""
OFFERED: tuple[EntryLevel, ...] = ("implementation", "case")
"""What residents can have: an item is nobody's to give."""

ItemType = Literal[
    "permission",  # 行政许可
    "penalty",  # 行政处罚
    "compulsion",  # 行政强制
    "levy",  # 行政征收
    "payment",  # 行政给付
    "inspection",  # 行政检查
    "confirmation",  # 行政确认
    "reward",  # 行政奖励
    "ruling",  # 行政裁决
    "other_power",  # 其他行政权力
    "public_service",  # 公共服务
]
PowerSource = Literal["statutory", "delegated", "entrusted"]
Exercised = Literal["state", "province", "city", "county", "town", "village"]
Audience = Literal["person", "enterprise", "institution", "association", "government", "other"]
ChannelKind = Literal["window", "web", "mini_program", "app", "hotline", "kiosk", "post"]
Host = Literal["wechat", "alipay", "baidu", "web"]
Reach = Literal["none", "county", "city", "province", "nation"]
ResidentLevel = Literal["public", "L1", "L2", "L3", "L4"]

is_code = re.compile(_CODE).fullmatch
"""Whether a text may be the code of an entry or organisation: nothing else need be looked up, or could be."""


class _Text(Struct, frozen=True):
    zh: str
    en: str | None = None

    @property
    def in_english(self) -> str:
        """The English; the Chinese where nobody has translated it: better understood late than not."""
        return self.zh if self.en is None else self.en

    @property
    def translated(self) -> bool:
        return self.en is not None


class Localized(_Text, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line in Chinese and, where somebody has translated it, in English."""

    zh: Line
    en: Line | None = None


class LocalizedProse(_Text, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A longer text in Chinese and, where somebody has translated it, in English; it may have several lines."""

    zh: Prose
    en: Prose | None = None


class Said(NamedTuple):
    """A text as it is shown, and in which language it really is."""

    text: str
    language: Literal["zh", "en"]


def said_in(language: str, text: Localized | LocalizedProse) -> Said:
    """Return a text in a language, in Chinese where it has not been translated: better understood late than not."""
    if language == "en" and text.en is not None:
        return Said(text.en, "en")
    return Said(text.zh, "zh")
