"""A demonstration's catalogue, brought to the public the real way.

A tree, two people with roles, and every entry through draft, check, review and publication.
"""

from collections.abc import Callable, Iterable

from redis.asyncio import Redis
from sqlmodel import select

from kernel.clock import Clock
from kernel.database import Database
from services_catalog.announcements import announce
from services_catalog.demo.organisations import CITY
from services_catalog.entries.document import EntryDocument
from services_catalog.lifecycle.drafting import save_draft
from services_catalog.lifecycle.history import By
from services_catalog.lifecycle.publication import publish
from services_catalog.lifecycle.reviewing import approve
from services_catalog.lifecycle.submitting import refuse_if_broken, submit
from services_catalog.lifecycle.tables import EntryLive
from services_catalog.organisations.history import Author
from services_catalog.organisations.roles import Grant, Role, grant, roles
from services_catalog.organisations.tree_file import Entry as Organisation
from services_catalog.organisations.tree_file import write_tree
from services_catalog.reorganising import load

EDITOR, REVIEWER = "account:demo-editor", "account:demo-reviewer"
_AT_ONCE = 20  # entries of one transaction: each takes the audit log's lock
Progress = Callable[[str], None]


async def generate_tree(
    database: Database, clock: Clock, author: Author, tree: Iterable[Organisation], progress: Progress
) -> None:
    """Load the demonstration's city, and give its two people their roles."""
    data = write_tree(tree).encode()
    async with database.session() as session:
        await load(session, clock, author, data, progress=progress)
    held: tuple[tuple[str, Role], ...] = ((EDITOR, "editor"), (REVIEWER, "reviewer"))
    async with database.session() as session:
        for holder, role in held:
            if not await roles(session, clock.now(), holder=holder):
                await grant(session, clock, author.actor, Grant(holder, CITY, role))


async def generate_entries(
    database: Database, redis: Redis, clock: Clock, documents: Iterable[EntryDocument], progress: Progress
) -> int:
    """Publish entries that are not public yet; return how many. The same documents again change nothing."""
    async with database.session() as session:
        known = set((await session.exec(select(EntryLive.code))).all())
    waiting = [each for each in documents if each.code not in known]
    for start in range(0, len(waiting), _AT_ONCE):
        async with database.session() as session:
            for document in waiting[start : start + _AT_ONCE]:
                await save_draft(session, clock, EDITOR, document)
                refuse_if_broken(await submit(session, clock, EDITOR, document.code, None))
                await approve(session, clock, REVIEWER, document.code)
                revision = await publish(session, clock, By(REVIEWER), document.code, None)
        await announce(redis, revision)
        progress(f"{min(start + _AT_ONCE, len(waiting)):,} of {len(waiting):,} entries")
    return len(waiting)
