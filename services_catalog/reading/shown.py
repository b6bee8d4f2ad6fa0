"""A public entry as it is read: its fields with all that it inherits, whose it is, and whether it works."""

from datetime import date, datetime
from typing import Literal, Protocol

from msgspec import Struct, UnsetType

from kernel.clock import CHINA
from services_catalog.entries.fields import Fields
from services_catalog.entries.words import EntryLevel, Localized


class Authority(Struct, frozen=True, omit_defaults=True):
    """The organisation that offers a service. ``path`` are the codes from the city down to it."""

    code: str
    name: Localized
    path: tuple[str, ...]


class Source(Struct, frozen=True, omit_defaults=True):
    """Where a field's value comes from: which entry says it, who wrote it when, and over what (A2: provenance)."""

    field: str
    entry: str
    level: EntryLevel
    over: str | None = None
    since: datetime | None = None
    reason: str = ""


class Shown(Fields, frozen=True, kw_only=True, omit_defaults=True):
    """A public entry."""

    code: str
    level: EntryLevel
    version: int
    parent: str | None = None
    item: str
    authority: Authority
    area: str  # the organisation whose residents it is for
    state: Literal["published", "degraded"]
    since: datetime
    because: str = ""  # why it is degraded
    sources: tuple[Source, ...]


class Dated(Protocol):
    """What holds from a day on, and up to the day before another."""

    @property
    def effective_from(self) -> date | UnsetType: ...
    @property
    def withdraw_on(self) -> date | UnsetType: ...


def holds(dated: Dated, now: datetime) -> bool:
    """Whether today is one of the days on which an entry holds, in China's time."""
    today = now.astimezone(CHINA).date()
    return (not dated.effective_from or dated.effective_from <= today) and (
        not dated.withdraw_on or today < dated.withdraw_on
    )


SEEN = """
    FROM entry_live JOIN entry USING (code) WHERE shown IS NOT NULL
    AND coalesce(effective_from <= $1, true) AND coalesce($1 < withdraw_on, true)
"""
"""The same in the database: the entries that residents see on a day, which is ``$1``."""
