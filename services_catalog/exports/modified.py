"""When an entry last changed: it itself, a field that it inherits, or whether it works."""

from datetime import datetime

from services_catalog.reading.shown import Shown


def modified(entry: Shown) -> datetime:
    """Return the time of an entry's latest change."""
    return max([entry.since, *(each.since for each in entry.sources if each.since is not None)])
