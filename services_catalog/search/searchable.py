"""What search knows of an entry: plain values that whoever publishes hands over. It is not the entry."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Weekday = Literal["MO", "TU", "WE", "TH", "FR", "SA", "SU"]  # as iCalendar names them (RFC 5545 section 3.3.10)
WEEKDAYS: tuple[Weekday, ...] = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class WeeklyHours(Struct, frozen=True):
    """Hours that recur weekly, ``HH:MM`` in China's time; ``valid_from`` and ``valid_to`` are dates, both included."""

    days: tuple[Weekday, ...]
    opens: str
    closes: str  # not after ``opens``: on the next day
    valid_from: str | None = None
    valid_to: str | None = None


class Place(Struct, frozen=True):
    """Where an entry can be had: degrees of WGS84, and when it is open; ``organisation`` answers for its calendar."""

    organisation: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    hours: tuple[WeeklyHours, ...] = ()

    @property
    def point(self) -> tuple[float, float] | None:
        """Where it is, if that is known."""
        return None if self.longitude is None or self.latitude is None else (self.longitude, self.latitude)


class Channel(Struct, frozen=True):
    """A way to an entry: ``mini_program`` at ``wechat``, or ``window`` at no host."""

    kind: str
    host: str | None = None


class Searchable(Struct, frozen=True, kw_only=True):
    """An entry as search knows it. Codes are compared as they are; texts are Chinese, but for those of ``english``."""

    code: str
    level: str = "implementation"  # or case
    item: str = ""  # the generic item that it belongs to
    district: str  # the organisation whose residents it is for; a city's entries have the city's
    authority: str  # the organisation that offers it
    authority_name: str = ""
    name: str
    everyday_name: str = ""
    alternate_names: tuple[str, ...] = ()
    english: tuple[str, ...] = ()  # its names in English, the official one first
    english_summary: str = ""
    summary: str = ""
    plain: str = ""  # the text for who reads with difficulty
    materials: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()  # what its topics and life events are called, in any language
    topics: tuple[str, ...] = ()
    life_events: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    places: tuple[Place, ...] = ()
    visible_from: datetime | None = None
    visible_until: datetime | None = None  # no longer at this moment
    popularity: int = 0  # any count that grows with use, such as the last 30 days' openings
