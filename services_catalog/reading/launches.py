"""What a host app needs to open an entry, as the entry stands: public, not working, taken off, or unknown."""

from datetime import datetime

from services_catalog.entries.words import is_code
from services_catalog.launching.choosing import Asked, choose, degraded
from services_catalog.launching.ways import Launch
from services_catalog.reading.shelf import Shelf
from services_catalog.reading.shown import holds


async def launch(shelf: Shelf, now: datetime, code: str, asked: Asked) -> Launch | None:
    """Return the launch of an entry at a host; None if there is no such entry, or not any more."""
    if not is_code(code) or code in shelf.together:
        return None
    stands = await shelf.standing(code)
    if stands is None:
        return None
    if stands.shown is None:
        suspended = Launch(code=code, channel=asked.host, opens=False, obstacles=("suspended",), since=stands.since)
        return suspended if stands.state == "suspended" else None
    if not holds(stands.shown, now):
        return None
    made = choose(code, stands.shown, asked)
    return degraded(made, stands.shown.because, stands.since) if stands.state == "degraded" else made
