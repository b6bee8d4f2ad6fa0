"""A service's versions in the database: how it stands, store a new one, go back to an old one."""

from collections.abc import Callable, Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import func, literal, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.clashes import clashes
from services_catalog.departments import find_department
from services_catalog.errors import NotYoursError, TypeClashError, UnknownServiceError, UnknownVersionError
from services_catalog.revisions import next_revision
from services_catalog.tables import Service, ServiceVersion
from supergraph.slice import decode


class Standing(Struct, frozen=True):
    """How a service stands when a publication begins: what it is compared with, and when that was true.

    ``neighbours`` are the live slices of services whose type names might meet this one's, as ``BusStopsPage`` may be
    of ``bus`` or of ``busStops``. ``revision`` is the latest change among all of them.
    """

    live: ServiceVersion | None
    neighbours: dict[str, bytes]
    revision: int


class ChangedMeanwhileError(Exception):
    """The service, or one of its neighbours, is no longer as it stood: compare again."""


class LiveChange(Struct, frozen=True):
    """A change of what is live, as it will be once the transaction commits; ``replaced`` was live before."""

    version: int
    revision: int
    replaced: int | None = None


async def standing(session: AsyncSession, department: str, service: str) -> Standing:
    """Return how a service stands. Raises NotYoursError if it is another department's."""
    await find_department(session, department)
    live, neighbours = None, {}
    rows = await session.exec(_family(service))
    revision = -1
    for row, version in rows.all():
        revision = max(revision, row.revision)
        if row.name == service:
            _check_owner(row, department)
            live = version
        elif version is not None:
            neighbours[row.name] = version.slice
    return Standing(live, neighbours, revision)


async def store(
    session: AsyncSession,
    clock: Clock,
    department: str,
    version: ServiceVersion,
    stood: Standing,
    *,
    seal: Callable[[int], bytes | None],
) -> LiveChange:
    """Number a version, store it and make it live. Raises ChangedMeanwhileError if ``stood`` is no longer true.

    ``seal`` seals its headers once its number is known, for that is part of where they are sealed for.
    """
    await session.exec(
        insert(Service).values(name=version.service, department=department, revision=0).on_conflict_do_nothing()
    )
    service = await _locked(session, department, version.service)
    newest = await session.scalar(
        select(func.max(ServiceVersion.number)).where(col(ServiceVersion.service) == version.service)
    )
    version.number = (newest or 0) + 1
    version.sealed_headers = seal(version.number)
    session.add(version)
    await session.flush()
    return await _go_live(session, clock, service, version.number, stood)


async def roll_back(
    session: AsyncSession, clock: Clock, department: str, name: str, to: int | None = None, *, beside: Collection[str]
) -> LiveChange:
    """Make an earlier version live again: ``to``, or the one numbered just below the live one.

    ``beside`` are the platform's own type names. Raises TypeClashError if they, or those that neighbours have by now,
    are the version's too.
    """
    service = await _locked(session, department, name)
    versions = select(func.max(ServiceVersion.number)).where(col(ServiceVersion.service) == name)
    if to is None:
        target = await session.scalar(versions.where(col(ServiceVersion.number) < (service.live_version or 0)))
    else:
        target = await session.scalar(versions.where(col(ServiceVersion.number) == to))
    if target is None:
        wanted = f"no version {to}" if to else "no version before the live one"
        last = await session.scalar(versions)
        raise UnknownVersionError(f"{name} has {wanted}", fix=f"Its versions are 1 to {last}.")
    if target == service.live_version:
        return LiveChange(target, service.revision, target)
    change = await _go_live(session, clock, service, target)
    await _check_types(session, name, beside)
    return change


async def _check_types(session: AsyncSession, name: str, beside: Collection[str]) -> None:
    """Compare the version just made live with its neighbours, under the catalogue's lock: none of them can change."""
    rows = await session.exec(_family(name))
    slices = {row.name: version.slice for row, version in rows.all() if version is not None}
    if found := clashes(decode(slices.pop(name)), slices, beside):
        raise TypeClashError(name, found)


async def _go_live(
    session: AsyncSession, clock: Clock, service: Service, number: int, stood: Standing | None = None
) -> LiveChange:
    """Move the pointer. Takes the catalogue's lock, so it is nearly the last that a transaction does."""
    revision = await next_revision(session)
    if stood is not None:
        now = await session.scalar(select(func.max(Service.revision)).where(*_related(service.name)))
        if now != max(stood.revision, 0):
            raise ChangedMeanwhileError
    replaced = service.live_version
    service.live_version, service.live_since, service.revision = number, clock.now(), revision
    session.add(service)
    return LiveChange(number, service.revision, replaced)


async def _locked(session: AsyncSession, department: str, name: str) -> Service:
    """Return a service's row for changing: whoever else wants to change it waits for this transaction."""
    service = await session.get(Service, name, with_for_update=True, populate_existing=True)
    if service is None:
        raise UnknownServiceError(f"There is no service {name!r}", fix="yiwang services lists those there are.")
    _check_owner(service, department)
    return service


def _check_owner(service: Service, department: str) -> None:
    if service.department != department:
        raise NotYoursError(
            f"The service {service.name!r} belongs to {service.department}", fix="Choose another name for yours."
        )


def _family(service: str) -> Any:
    """Select the service and its neighbours, with their live versions."""
    live = (col(ServiceVersion.service) == col(Service.name)) & (
        col(ServiceVersion.number) == col(Service.live_version)
    )
    return select(Service, ServiceVersion).outerjoin(ServiceVersion, live).where(*_related(service))


def _related(service: str) -> tuple[Any, ...]:
    """Match the service and those whose name begins with its name as a word, or the other way round."""
    name, word = col(Service.name), "[A-Z0-9]"
    shorter = literal(service).regexp_match(func.concat("^", name, word))
    return (or_(name == service, name.regexp_match(f"^{service}{word}"), shorter),)
