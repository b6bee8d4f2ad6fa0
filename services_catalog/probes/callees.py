"""The live services that probes call, as the gateway knows them: their slices, addresses and opened headers."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.crypto.fields import FieldCipher
from kernel.lru import LRUCache
from services_catalog.manifest import Upstream
from services_catalog.probes.calling import Callee
from services_catalog.tables import Service, ServiceVersion
from services_catalog.upstream_headers import open_
from supergraph.slice import Slice, decode

_slices: LRUCache[str, Slice] = LRUCache(200)  # decoded, some 80 kB each, by digest: it names the content


class _Called(Struct):
    """What is read of a stored manifest."""

    upstream: Upstream


async def callees(session: AsyncSession, cipher: FieldCipher, names: Iterable[str]) -> dict[str, Callee]:
    """Return those of the services that are live. Raises SealedDataError for headers that cannot be opened."""
    live = (col(Service.name) == col(ServiceVersion.service)) & (
        col(Service.live_version) == col(ServiceVersion.number)
    )
    wanted = col(Service.name).in_(sorted(set(names)))
    columns: tuple[Any, ...] = (Service.name, ServiceVersion.number, ServiceVersion.digest, ServiceVersion.manifest)
    sealed: tuple[Any, ...] = (ServiceVersion.sealed_headers, ServiceVersion.upstream_headers)
    rows: Any = await session.exec(select(*columns, *sealed).join(ServiceVersion, live).where(wanted))
    found = {}
    for name, number, digest, manifest, headers, plain in rows.all():
        upstream = msgspec.convert(manifest, _Called).upstream
        opened = msgspec.structs.replace(upstream, headers=open_(cipher, name, number, headers, plain))
        found[name] = Callee(name, await _slice(session, name, number, digest), opened)
    return found


async def _slice(session: AsyncSession, name: str, number: int, digest: str) -> Slice:
    known = _slices.get(digest)
    if known is None:
        query = select(ServiceVersion.slice).where(ServiceVersion.service == name, ServiceVersion.number == number)
        known = decode((await session.exec(query)).one())
        _slices.put(digest, known, 1)
    return known
