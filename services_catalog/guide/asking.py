"""A department says what it asks of an applicant, and is told what of it the published entry does not list."""

import msgspec
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.database import Database
from services_catalog.entries.errors import EntryInvalidError
from services_catalog.guide.demands import Beyond, Demands, Promised, beyond
from services_catalog.guide.errors import GuideExceededError
from services_catalog.guide.recording import Told, store
from services_catalog.lifecycle.errors import UnknownEntryError
from services_catalog.lifecycle.steps import allowed
from services_catalog.lifecycle.tables import EntryLive
from services_catalog.lifecycle.viewing import known


class Held(Struct, frozen=True):
    """What a version of an entry says to demands; ``beyond`` empty: all of it is listed."""

    entry: str
    version: int
    beyond: tuple[Beyond, ...]


class Asking:
    """The use case, with what it needs. ``refuse``: what is beyond the guide is an error, else it is only told."""

    def __init__(self, database: Database, clock: Clock, *, refuse: bool) -> None:
        self._database = database
        self._clock = clock
        self._refuse = refuse

    async def ask(self, department: str, actor: str, code: str, demands: Demands) -> Held:
        """Hold demands to a published entry, and count them.

        Raises UnknownEntryError, NotAllowedError, EntryInvalidError for an unknown channel, GuideExceededError.
        """
        async with self._database.session() as session:
            promised = await self._promised(session, actor, code)
        if demands.channel is not None and demands.channel not in {each.id for each in promised.channels}:
            known = ", ".join(each.id for each in promised.channels)
            raise EntryInvalidError.at("/channel", f"{code} has no channel {demands.channel!r}", f"One of: {known}.")
        found = beyond(promised, demands)
        told = Told()
        told.count(((each.kind, each.id) for each in found), refused=self._refuse)
        await store(self._database.pool, self._clock.now(), {(department, code): told})
        if found and self._refuse:
            raise GuideExceededError(code, found)
        return Held(code, promised.version, tuple(found))

    async def _promised(self, session: AsyncSession, actor: str, code: str) -> Promised:
        entry = await known(session, code)
        await allowed(session, self._clock, actor, "ask", entry.organisation)
        live = await session.get(EntryLive, code)
        if live is None or live.shown is None:
            raise UnknownEntryError(f"The entry {code} is not public", fix="Publish it: what is not, promises nothing.")
        return msgspec.json.decode(live.shown, type=Promised)
