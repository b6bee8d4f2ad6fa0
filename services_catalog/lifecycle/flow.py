"""The department's way to the catalogue's entries: one use case a method, one transaction each, announced afterwards.

``actor`` is whoever asks, as in the audit log; what they may do is judged by the roles they hold in the tree.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import msgspec
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.database import Database
from services_catalog.announcements import announce
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.drift import Divergence
from services_catalog.lifecycle import listing, publication, reviewing, submitting, viewing
from services_catalog.lifecycle.answers import Checked, Documents, EntrySeen, History, Listed, Page, Standing
from services_catalog.lifecycle.checking import rehearse
from services_catalog.lifecycle.drafting import placed, same_already, save_draft
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.listing import Wanted
from services_catalog.lifecycle.operations import operations_of
from services_catalog.lifecycle.states import Event
from services_catalog.lifecycle.steps import admit, open_version
from services_catalog.lifecycle.tables import EntryVersion


class _RehearsalError(Exception):
    """Rolls back what only was to be seen."""


@asynccontextmanager
async def _never_stored(database: Database) -> AsyncIterator[AsyncSession]:
    with suppress(_RehearsalError):
        async with database.session() as session:
            yield session
            raise _RehearsalError


class EntryFlow:
    """The use cases of one process, with what they need. Every refusal is a YiwangError and changes nothing.

    But for ``submit``: that what was submitted broke rules, and which, stands in its history.
    """

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        self._database = database
        self._redis = redis
        self._clock = clock

    async def check(
        self, actor: str, documents: Iterable[EntryDocument], coming: frozenset[str] = frozenset()
    ) -> list[Checked]:
        """Say what storing and submitting documents would find; nothing is stored."""
        async with _never_stored(self._database) as session:
            return await rehearse(session, self._clock, actor, documents, coming)

    async def draft(self, actor: str, document: EntryDocument) -> Standing:
        """Write a draft, unless what is on its way, or live, says the same already; with the findings of a check."""
        async with self._database.session() as session:
            await placed(session, self._clock, actor, document)  # whether they may; and nobody else changes it now
            same = await same_already(session, document)
            if same is not None and same.state == "rejected":
                same = None  # whoever sends it once more wants it to be looked at once more
            stood = await open_version(session, document.code)
            rejected = stood is not None and stood.state == "rejected"
            version = same or await save_draft(session, self._clock, actor, document)
            if version.state == "draft":
                found = await submitting.check(
                    session, self._clock, version, await operations_of(session, document.code)
                )
                version.findings = msgspec.to_builtins(found)
            stands = await viewing.standing(session, self._clock, version)
            return msgspec.structs.replace(
                stands, outcome="unchanged" if same else "revised" if rejected else "drafted"
            )

    async def submit(self, actor: str, code: str) -> Standing:
        """Submit a draft. Raises RulesBrokenError, and the step back is in its history, if it breaks any."""
        async with self._database.session() as session:
            await admit(session, self._clock, actor, "submit", code)
            operations = await operations_of(session, code)
            version = await submitting.submit(session, self._clock, actor, code, operations)
            stands = await viewing.standing(session, self._clock, version)
        submitting.refuse_if_broken(version)
        return stands

    async def recall(self, actor: str, code: str) -> Standing:
        """Take a version back to be edited."""
        return await self._moved(
            actor, "recall", code, lambda session: submitting.recall(session, self._clock, actor, code)
        )

    async def take(self, actor: str, code: str) -> Standing:
        """Begin a review."""
        return await self._moved(actor, "take", code, lambda session: reviewing.take(session, self._clock, actor, code))

    async def release(self, actor: str, code: str) -> Standing:
        """Give a review back."""
        return await self._moved(
            actor, "release", code, lambda session: reviewing.release(session, self._clock, actor, code)
        )

    async def approve(self, actor: str, code: str, reason: str = "") -> Standing:
        """Approve what is under review."""
        return await self._moved(
            actor, "approve", code, lambda session: reviewing.approve(session, self._clock, actor, code, reason)
        )

    async def reject(self, actor: str, code: str, reasons: Mapping[str, str], reason: str = "") -> Standing:
        """Send a version back, with reasons by field."""
        return await self._moved(
            *(actor, "reject", code),
            lambda session: reviewing.reject(session, self._clock, actor, code, reasons, reason=reason),
        )

    async def schedule(self, actor: str, code: str, at: datetime) -> Standing:
        """Have an approved version published later."""
        return await self._moved(
            actor, "schedule", code, lambda session: publication.schedule(session, self._clock, actor, code, at)
        )

    async def publish(self, actor: str, code: str, reason: str = "") -> Standing:
        """Make an approved version public now."""

        async def work(session: AsyncSession) -> int:
            operations = await operations_of(session, code)
            return await publication.publish(session, self._clock, By(actor, reason=reason), code, operations)

        return await self._shown(actor, "publish", code, work)

    async def suspend(self, actor: str, code: str, reason: str) -> Standing:
        """Take an entry off for the time being."""
        return await self._shown(
            actor, "suspend", code, lambda session: publication.suspend(session, self._clock, actor, code, reason)
        )

    async def resume(self, actor: str, code: str, reason: str = "") -> Standing:
        """Show a suspended entry again."""
        return await self._shown(
            actor, "resume", code, lambda session: publication.resume(session, self._clock, actor, code, reason)
        )

    async def withdraw(self, actor: str, code: str, reason: str) -> Standing:
        """Take an entry off for good."""
        return await self._shown(
            actor, "withdraw", code, lambda session: publication.withdraw(session, self._clock, actor, code, reason)
        )

    async def view(self, actor: str, code: str) -> EntrySeen:
        """Return one entry as its staff see it."""
        async with self._database.session() as session:
            return await viewing.view(session, self._clock, actor, code)

    async def history(self, actor: str, code: str) -> History:
        """Return every step of an entry."""
        async with self._database.session() as session:
            return await viewing.history(session, self._clock, actor, code)

    async def drift(self, actor: str, code: str) -> list[Divergence]:
        """Return what diverges below an entry."""
        async with self._database.session() as session:
            return await viewing.drifts(session, self._clock, actor, code)

    async def listed(self, actor: str, wanted: Wanted) -> Page:
        """Return a page of the entries that the actor may see drafts of."""
        async with self._database.session() as session:
            return await listing.listed(session, self._clock, actor, wanted)

    async def documents(self, actor: str, wanted: Wanted) -> Documents:
        """Return the same as documents."""
        async with self._database.session() as session:
            return await listing.documents(session, self._clock, actor, wanted)

    async def inbox(self, actor: str) -> list[Listed]:
        """Return what waits for the actor's review."""
        async with self._database.session() as session:
            return await listing.waiting(session, self._clock, actor)

    async def _moved(
        self, actor: str, event: Event, code: str, work: Callable[[AsyncSession], Awaitable[EntryVersion]]
    ) -> Standing:
        async with self._database.session() as session:
            await admit(session, self._clock, actor, event, code)
            return await viewing.standing(session, self._clock, await work(session))

    async def _shown(
        self, actor: str, event: Event, code: str, work: Callable[[AsyncSession], Awaitable[int]]
    ) -> Standing:
        """Do what changes what residents see, then wake whoever reads it."""
        async with self._database.session() as session:
            await admit(session, self._clock, actor, event, code)
            revision = await work(session)
            stands = await viewing.standing(session, self._clock, await viewing.newest_shown(session, code))
        await announce(self._redis, revision)
        return msgspec.structs.replace(stands, revision=revision)
