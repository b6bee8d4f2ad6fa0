"""Which of the operations that entries mention the live graph has, for rule E24.

The stored slices are the source, read in the transaction that asks: no gateway's memory can be older than a publication
that has just been answered. Only services that are mentioned are looked at; a slice is decoded once a process.
"""

from collections.abc import Iterable

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.lru import LRUCache
from services_catalog.entries.fields import Fields
from services_catalog.lifecycle.states import LIVE, OPEN
from services_catalog.lifecycle.tables import Entry, EntryVersion
from services_catalog.organisations.tables import Organisation
from services_catalog.tables import Department, Service, ServiceVersion
from supergraph.slice import Operation, Slice, decode

_KEPT = 1_000  # services: 10 names each, so a few hundred kB
_known: LRUCache[str, frozenset[str]] = LRUCache(_KEPT)  # by the slice's digest: it names the content


def mentioned(fields: Fields) -> set[str]:
    """Return the operations that a level says open its service."""
    return {bound.operation for bound in fields.binding.operations} if fields.binding else set()


async def live_operations(session: AsyncSession, wanted: Iterable[str]) -> frozenset[str]:
    """Return what the live services that ``wanted`` mention offer: ``query parking.lots``."""
    names = {_service(operation) for operation in wanted}
    if not names:
        return frozenset()
    live = select(ServiceVersion.service, ServiceVersion.number, ServiceVersion.digest).join(
        Service,
        (col(Service.name) == col(ServiceVersion.service)) & (col(Service.live_version) == col(ServiceVersion.number)),
    )
    rows = (await session.exec(live.where(col(Service.name).in_(sorted(names))))).all()
    found: set[str] = set()
    for service, number, digest in rows:
        offered = _known.get(digest)
        if offered is None:
            stored = select(ServiceVersion.slice).where(
                col(ServiceVersion.service) == service, col(ServiceVersion.number) == number
            )
            offered = _offered(decode((await session.exec(stored)).one()))
            _known.put(digest, offered, 1)
        found |= offered
    return frozenset(found)


async def foreign_operations(session: AsyncSession, body: Organisation, fields: Fields) -> frozenset[str]:
    """Return which operations of a binding are of departments that an organisation has nothing to do with.

    Its own are those above and below it, on both lines of the tree, and those it acts together with. Whoever has no
    place in the tree is a stranger to all.
    """
    services = {each: _service(each) for each in mentioned(fields)}
    if not services:
        return frozenset()
    query = select(Service.name, Organisation.path).join(Department, col(Department.name) == col(Service.department))
    placed = query.outerjoin(Organisation, col(Organisation.code) == col(Department.organisation))
    above = {*body.path.split("/"), *body.guidance_path.split("/"), *(fields.joint_organisations or ())}
    paths = dict((await session.exec(placed.where(col(Service.name).in_({*services.values()})))).all())
    strangers = {
        service
        for service, path in paths.items()
        if path is None or not (path.rpartition("/")[2] in above or body.code in path.split("/"))
    }
    return frozenset(each for each, service in services.items() if service in strangers)


def _service(operation: str) -> str:
    return operation.split(" ", 1)[1].split(".", 1)[0]


async def operations_of(session: AsyncSession, code: str, *more: Fields) -> frozenset[str]:
    """Return what is live of the services that an entry mentions, or what is right above it, or ``more``."""
    above = select(Entry.parent).where(col(Entry.code) == code).scalar_subquery()
    binding = col(EntryVersion.fields)["binding"]["operations"]
    query = select(binding).where(
        or_(col(EntryVersion.entry) == code, col(EntryVersion.entry) == above),
        col(EntryVersion.state).in_(sorted(LIVE | OPEN)),
    )
    stored = {each["operation"] for bound in (await session.exec(query)).all() for each in bound or ()}
    return await live_operations(session, stored.union(*(mentioned(each) for each in more)))


def operation_name(service: str, operation: Operation) -> str:
    """Return what entries call an operation: ``query parking.lots``."""
    return ".".join(filter(None, (f"{operation.kind} {service}", operation.group, operation.name)))


def _offered(slice_: Slice) -> frozenset[str]:
    return frozenset(operation_name(slice_.service, each) for each in slice_.operations)
