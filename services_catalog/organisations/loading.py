"""Load a file of organisations: all of it is checked first, then what is new or other goes in by COPY.

The same file again changes nothing. Lines and columns that a file does not have stay as they are. Moves take effect
today; to enter one that happened earlier there is ``moving``, and ``merging`` for merges. What is added below one that
has moved is known from that move on: the file does not say where it stood before.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.audit.entries import Event, append
from kernel.clock import Clock
from kernel.database import do_last
from kernel.ids import uuid7
from services_catalog.organisations.checking import check, paths
from services_catalog.organisations.errors import FileFinding, FileRefusedError
from services_catalog.organisations.history import Author, Change
from services_catalog.organisations.moving import lock
from services_catalog.organisations.places import SPLIT
from services_catalog.organisations.tables import EVER, FOREVER, DutyCalendar, Organisation, OrganisationPlace
from services_catalog.organisations.tree_file import COLUMNS, Entry, read_tree

Progress = Callable[[str], None]
_CHANGES = {
    "parent": "moved",
    "guidance_parent": "moved",
    "name_zh": "renamed",
    "name_en": "renamed",
    "short_name": "renamed",
    "valid_to": "closed",
}
_FIXED = {
    "valid_from": "The day on which it began is past: it stays as it is.",
    "merged_into": "A merge moves what is below as well: yiwang organisation merge.",
}
_STAGED = (*COLUMNS, "path", "guidance_path")
_ANALYZE_FROM = 1000  # rows after which PostgreSQL's idea of the tables is worth renewing
_APPLY = (
    f"""
    INSERT INTO organisation ({", ".join(_STAGED)}) SELECT {", ".join(_STAGED)} FROM staged
    ON CONFLICT (code) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _STAGED[1:])}
    """,  # noqa: S608 - of constants alone
    """
    UPDATE organisation_place p SET until = coalesce(s.valid_to, 'infinity') FROM staged s
    WHERE p.organisation = s.code AND p.until <> coalesce(s.valid_to, 'infinity')
    AND p.since = (SELECT max(since) FROM organisation_place WHERE organisation = s.code)
    """,
    f"""
    WITH moved AS (
        SELECT p.organisation, p.since, p.until, s.path, s.guidance_path
        FROM organisation_place p JOIN staged s ON s.code = p.organisation
        WHERE p.until > :day AND (p.path <> s.path OR p.guidance_path <> s.guidance_path)
    ), {SPLIT} SELECT
    """,  # noqa: S608 - as above
    """
    INSERT INTO organisation_place (organisation, since, until, path, guidance_path)
    SELECT code, since, coalesce(valid_to, 'infinity'), path, guidance_path FROM staged s
    WHERE NOT EXISTS (SELECT FROM organisation_place WHERE organisation = s.code)
    """,
)


class Loaded(Struct, frozen=True):
    """How many organisations a file adds, changes (by which change), and leaves as they are.

    ``touched`` are those that were there before and have other paths, names or the like; ``closed`` have an end now.
    """

    added: int
    changed: int
    unchanged: int
    changes: dict[str, int]
    touched: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()


async def load(
    session: AsyncSession, clock: Clock, author: Author, data: bytes, *, encoding: str = "utf-8", progress: Progress
) -> Loaded:
    """Load a file, in the caller's transaction: roll it back for a dry run. ``author.effective`` is today.

    Raises FileRefusedError with everything that is wrong; nothing has changed then.
    """
    lines, missing, findings = read_tree(data, encoding)
    progress(f"read {len(lines):,} lines")
    await lock(session)
    known, moved = await _known(session)
    entries = known | {code: _kept(entry, known.get(code), missing) for code, (_, entry) in lines.items()}
    numbers = {code: line for code, (line, _) in lines.items()}
    calendars = set((await session.exec(select(DutyCalendar.name))).all())
    findings += check(numbers, entries, moved, calendars)
    findings += _fixed(numbers, entries, known)
    if findings:
        raise FileRefusedError(sorted(findings))
    changes = [change for code in numbers for change in _compare(known.get(code), entries[code])]
    progress(f"checked; {len(changes):,} changes")
    loaded = _summary(changes, len(numbers))
    if changes:
        rows = _rows(entries, known, {change.organisation for change in changes}, moved)
        touched = frozenset(row[0] for row in rows if row[0] in known)
        loaded = msgspec.structs.replace(loaded, touched=touched, closed=_closed(changes))
        await _stage(session, rows)
        progress("copied")
        await _apply(session, author.effective, len(changes))
        await _record(session, clock, author, changes, data)
        progress("linked")
    session.expire_all()
    return loaded


async def exported(session: AsyncSession) -> list[Entry]:
    """Return every organisation, open or closed, parents first."""
    rows = await session.exec(_entries().order_by(col(Organisation.path)))
    return [Entry(*row) for row in rows]


async def _known(session: AsyncSession) -> tuple[dict[str, Entry], dict[str, date]]:
    rows = await session.exec(_entries())
    place = OrganisationPlace
    latest = await session.exec(
        select(place.organisation, func.max(place.since)).group_by(place.organisation).having(func.count() > 1)
    )
    return {row[0]: Entry(*row) for row in rows}, dict(latest.all())


def _kept(entry: Entry, before: Entry | None, missing: Collection[str]) -> Entry:
    """Return a line with what is known already in the columns that the file does not have."""
    if before is None or not missing:
        return entry
    return msgspec.structs.replace(entry, **{name: getattr(before, name) for name in missing})


def _entries() -> Any:
    return select(*(getattr(Organisation, name) for name in COLUMNS))


def _fixed(lines: Mapping[str, int], entries: Mapping[str, Entry], known: Mapping[str, Entry]) -> Iterable[FileFinding]:
    for code in lines.keys() & known.keys():
        for name, why in _FIXED.items():
            if (before := getattr(known[code], name)) != getattr(entries[code], name):
                yield FileFinding(lines[code], f"{name} of {code} is {before or 'empty'} already", why)


def _compare(before: Entry | None, after: Entry) -> Iterable[Change]:
    if before is None:
        yield Change(after.code, "added", {}, {})
    elif before != after:
        differ = [name for name in COLUMNS if getattr(before, name) != getattr(after, name)]
        for change in sorted({_CHANGES.get(name, "changed") for name in differ}):
            names = [name for name in differ if _CHANGES.get(name, "changed") == change]
            old, new = ({name: getattr(each, name) for name in names} for each in (before, after))
            yield Change(after.code, "changed" if change == "closed" and not after.valid_to else change, old, new)


def _summary(changes: Iterable[Change], lines: int) -> Loaded:
    kinds: dict[str, int] = {}
    touched = set()
    for each in changes:
        kinds[each.change] = kinds.get(each.change, 0) + 1
        touched.add(each.organisation)
    added = kinds.get("added", 0)
    return Loaded(added, len(touched) - added, lines - len(touched), kinds)


def _closed(changes: Iterable[Change]) -> frozenset[str]:
    return frozenset(each.organisation for each in changes if each.change == "closed")


def _rows(
    entries: Mapping[str, Entry], known: Mapping[str, Entry], changed: Collection[str], moved: Mapping[str, date]
) -> list[tuple[Any, ...]]:
    """Return the rows to stage: what changed, and what has another path because something above it moved."""
    columns = ("parent", "guidance_parent")
    new, old = (
        [paths({code: getattr(entry, name) for code, entry in each.items()})[0] for name in columns]
        for each in (entries, known)
    )
    return [
        (
            *msgspec.structs.astuple(entry),
            new[0][code],
            new[1][code],
            _since(entry, [each[code] for each in new], moved),
        )
        for code, entry in entries.items()
        if code in changed or any(new[line][code] != old[line][code] for line in (0, 1))
    ]


def _since(entry: Entry, its_paths: Iterable[str], moved: Mapping[str, date]) -> date:
    """Return since when an organisation that is added has stood where it stands."""
    begins = entry.valid_from or EVER
    latest = max((moved[code] for path in its_paths for code in path.split("/") if code in moved), default=EVER)
    return latest if begins < latest < (entry.valid_to or FOREVER) else begins


async def _stage(session: AsyncSession, rows: list[tuple[Any, ...]]) -> None:
    connection = await session.connection()
    for statement in (
        "DROP TABLE IF EXISTS staged",
        "CREATE TEMPORARY TABLE staged (LIKE organisation, since date) ON COMMIT DROP",
    ):
        await connection.execute(text(statement))
    await _copy(session, "staged", rows, (*_STAGED, "since"))


async def _apply(session: AsyncSession, today: date, changes: int) -> None:
    connection = await session.connection()
    for statement in _APPLY:
        await connection.execute(text(statement), {"day": today} if ":day" in statement else {})
    if changes >= _ANALYZE_FROM:
        await connection.execute(text("ANALYZE organisation, organisation_place"))


async def _record(session: AsyncSession, clock: Clock, author: Author, changes: list[Change], data: bytes) -> None:
    """A row for each change, and one entry of the audit log with the file's digest."""
    now = clock.now()
    rows = [
        (
            uuid7(),
            each.organisation,
            each.change,
            author.effective,
            now,
            author.actor,
            *map(_json, (each.before, each.after)),
        )
        for each in changes
    ]
    await _copy(
        session,
        "organisation_change",
        rows,
        ("id", "organisation", "change", "effective", "at", "actor", "before", "after"),
    )
    digest = hashlib.sha256(data).hexdigest()
    about = Event(
        actor=author.actor,
        action="organisation.loaded",
        object=f"organisation_file:{digest}",
        details={"changes": len(changes)},
    )
    do_last(session, partial(append, session, clock, about))


def _json(values: dict[str, Any]) -> str:
    return msgspec.json.encode(values).decode()


async def _copy(session: AsyncSession, table: str, rows: list[tuple[Any, ...]], columns: Iterable[str]) -> None:
    """COPY, past SQLAlchemy, on the transaction's own connection."""
    raw = await (await session.connection()).get_raw_connection()
    assert raw.driver_connection is not None  # noqa: S101 - it was used a moment ago
    await raw.driver_connection.copy_records_to_table(table, records=rows, columns=list(columns))
