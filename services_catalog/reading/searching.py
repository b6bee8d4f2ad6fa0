"""A public entry as search knows it, with what its topics and life events are called."""

from datetime import date, datetime

from msgspec import UNSET

from kernel.clock import CHINA
from services_catalog.entries.channels import Hours
from services_catalog.entries.words import Localized, LocalizedProse
from services_catalog.reading.shown import Shown
from services_catalog.reading.together import Together
from services_catalog.search.searchable import Channel, Place, Searchable, WeeklyHours


def searchable(entry: Shown, together: Together) -> Searchable:
    """Return what search needs of an entry."""
    name, everyday = entry.name or None, entry.everyday_name or None
    others = entry.alternate_names or ()
    english = [each.en for each in (name, everyday, *others) if each is not None and each.en]
    return Searchable(
        code=entry.code,
        level=entry.level,
        item=entry.item,
        district=entry.area,
        authority=entry.authority.code,
        authority_name=entry.authority.name.zh,
        name=name.zh if name else entry.code,
        everyday_name=everyday.zh if everyday else "",
        alternate_names=tuple(each.zh for each in others),
        english=tuple(english),
        english_summary=_in(entry.summary or None, "en"),
        summary=_in(entry.summary or None, "zh"),
        plain=_plain(entry),
        materials=tuple(each.name.zh for each in entry.materials or ()),
        labels=together.labels(entry),
        topics=(*(entry.topics or ()), *(entry.local_topics or ())),
        life_events=together.events_of(entry),
        audience=entry.audience or (),
        channels=tuple({Channel(each.kind, each.host) for each in entry.channels or ()}),
        places=_places(entry),
        visible_from=_midnight(entry.effective_from or None),
        visible_until=_midnight(entry.withdraw_on or None),
    )


def _in(text: Localized | LocalizedProse | None, language: str) -> str:
    return (getattr(text, language) or "") if text is not None else ""


def _plain(entry: Shown) -> str:
    plain = entry.accessibility.plain if entry.accessibility is not UNSET else None
    return " ".join(each.zh for each in (plain.what, *plain.bring, *plain.steps)) if plain else ""


def _places(entry: Shown) -> tuple[Place, ...]:
    return tuple(
        Place(
            each.organisation or entry.authority.code,
            each.position.longitude if each.position else None,
            each.position.latitude if each.position else None,
            tuple(map(_weekly, each.hours)),
        )
        for each in entry.locations or ()
    )


def _weekly(hours: Hours) -> WeeklyHours:
    return WeeklyHours(hours.days, hours.opens, hours.closes, _text(hours.valid_from), _text(hours.valid_to))


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _midnight(day: date | None) -> datetime | None:
    """Return when a day begins in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) if day else None
