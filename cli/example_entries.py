"""How the example departments' entries come out at the first start: a small tree, roles, a reviewer, the real flow."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from auth.credentials import key_id_of
from cli.examples import FOLDER, Example, token_of
from cli.who import operator
from kernel.clock import CHINA, SystemClock
from kernel.database import Database
from services_catalog.departments import place_department
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.entry_file import read_file
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.answers import EntrySeen
from services_catalog.lifecycle.errors import UnknownEntryError
from services_catalog.lifecycle.flow import EntryFlow
from services_catalog.manifest import Text
from services_catalog.organisations.history import Author
from services_catalog.organisations.roles import Grant, Role, grant, roles
from services_catalog.organisations.tables import Organisation
from services_catalog.reorganising import load

CITY = "yunzhou"  # examples/departments/organisations.csv
REVIEWERS = "yunzhou-data"
OFFICE = "yunzhou-office"  # writes what brings the departments' services together
TOGETHER = FOLDER / "together.yaml"
_CLOCK = SystemClock()


class Desk(NamedTuple):
    """Tokens of those who work for the whole city: nobody reviews what they wrote themselves."""

    office: str
    reviewer: str


async def prepare(database: Database, state: Path, tokens: Iterable[tuple[Example, str]]) -> Desk:
    """Seed the examples' organisations and give roles. Doing it twice changes nothing."""
    async with database.session() as session:
        if await session.get(Organisation, CITY) is None:
            author = Author(operator(), _CLOCK.now().astimezone(CHINA).date())
            data = (FOLDER / "organisations.csv").read_bytes()
            await load(session, _CLOCK, author, data, progress=lambda _: None)
    reviewer = await token_of(database, state, REVIEWERS, Text(zh="数据局", en="Data Bureau"))
    for example, token in tokens:
        for organisation in {document.organisation for document in documents(example)}:
            await _grant(database, token, "editor", organisation)
            async with database.session() as session:
                await place_department(session, example.manifest.department, organisation)
    office = await token_of(database, state, OFFICE, Text(zh="政府办公室", en="City Office"))
    await _grant(database, reviewer, "reviewer", CITY)
    await _grant(database, office, "editor", CITY)
    return Desk(office, reviewer)


async def bring_out(database: Database, redis: Redis, tokens: Iterable[tuple[Example, str]], desk: Desk) -> None:
    """Have what `yiwang publish` submitted reviewed and published, items first. What was ever public is let alone."""
    flow = EntryFlow(database, redis, _CLOCK)
    for example, token in tokens:
        for document in documents(example):
            await _bring_out(flow, _actor(token), _actor(desk.reviewer), document.code)
    for document in _read(TOGETHER):
        try:
            await flow.view(_actor(desk.office), document.code)
        except UnknownEntryError:
            await flow.draft(_actor(desk.office), document)
        await _bring_out(flow, _actor(desk.office), _actor(desk.reviewer), document.code)


def documents(example: Example) -> list[EntryDocument]:
    """Return an example's entries, parents first."""
    files = map(example.manifest_file.with_name, example.manifest.entries)
    found = [document for file in files for document in _read(file)]
    return sorted(found, key=lambda document: LEVELS.index(document.level))


def _read(file: Path) -> list[EntryDocument]:
    written, _ = read_file(file.read_bytes())
    return [each.document for each in written]


async def _bring_out(flow: EntryFlow, editor: str, reviewer: str, code: str) -> None:
    seen: EntrySeen = await flow.view(editor, code)
    if seen.open is None or seen.open.number > 1:
        return
    state = seen.open.state
    if state == "draft":  # it waited for its parent
        state = (await flow.submit(editor, code)).state
    if state == "checked":
        state = (await flow.approve(reviewer, code)).state
    if state == "approved":
        await flow.publish(reviewer, code)


async def _grant(database: Database, token: str, role: Role, organisation: str) -> None:
    holder = _actor(token)
    async with database.session() as session:
        held = await roles(session, _CLOCK.now(), holder=holder, organisation=organisation)
        if not any(each.role == role for each in held):
            await grant(session, _CLOCK, operator(), Grant(holder, organisation, role))


def _actor(token: str) -> str:
    return f"credential:{key_id_of(token)}"
