"""What one gateway process knows of what is live: every service in a few lines of memory, slices only when asked for.

It follows the catalogue (``kernel.follower``) and asks for what changed since the revision it has;
services_catalog.tables.CatalogRevision says why that misses nothing. One look costs one primary-key read.
"""

import asyncio
import logging
from collections.abc import Callable, KeysView, Sequence

import asyncpg
import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from gateway.upstream.settings import UpstreamSettings
from kernel.crypto.errors import SealedDataError
from kernel.crypto.fields import FieldCipher
from kernel.errors import YiwangError
from kernel.follower import Follower
from kernel.lru import LRUCache
from kernel.settings import Settings
from services_catalog import upstream_headers
from services_catalog.announcements import CHANNEL
from services_catalog.manifest import LongText, Text, Upstream
from supergraph.slice import Slice, decode

_QUERY_SECONDS = 5.0
_SLICE_CACHE_BYTES = 8 * 2**20  # of encoded slices: 200 typical ones; decoded they take twice as much

_log = logging.getLogger(__name__)

_CHANGES = """
    SELECT s.name, s.department, s.revision, v.number, v.digest, v.manifest, v.upstream_headers, v.sealed_headers
    FROM service s LEFT JOIN service_version v ON v.service = s.name AND v.number = s.live_version
    WHERE s.revision > $1
"""


_STORED = """
    SELECT service, {} FROM service_version
    JOIN unnest($1::text[], $2::int[]) AS wanted (service, number) USING (service, number)
"""


class RegistryUnavailableError(YiwangError):
    """What the catalogue has could not be read, or not be changed: its database does not answer."""

    code = "CATALOG_UNAVAILABLE"
    http_status = 503
    retryable = True


class LiveService(Struct, frozen=True, kw_only=True):
    """The live version of one service; ``digest`` names its slice."""

    name: str
    department: str
    version: int
    revision: int
    digest: str
    title: Text
    description: LongText | None
    upstream: UpstreamSettings


class _Shown(Struct):
    """What the registry needs of a stored manifest."""

    title: Text
    upstream: Upstream
    description: LongText | None = None


class Registry:
    """The live services of one process and event loop. ``revision`` changes whenever any of them does."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", redis: Redis, settings: Settings, cipher: FieldCipher
    ) -> None:
        self.revision = -1
        self._pool = pool
        self._settings = settings
        self._cipher = cipher
        self._live: dict[str, LiveService] = {}
        self._callbacks: list[Callable[[set[str]], None]] = []
        self._slices: LRUCache[str, Slice] = LRUCache(_SLICE_CACHE_BYTES, heaviest=_SLICE_CACHE_BYTES)
        self._loading: dict[str, asyncio.Task[Slice]] = {}
        self._refreshing = asyncio.Lock()
        self.follower = Follower(redis, CHANNEL, self.refresh, "the catalogue", prompt=True)

    def live(self, name: str) -> LiveService | None:
        return self._live.get(name)

    def names(self) -> KeysView[str]:
        return self._live.keys()

    def on_change(self, callback: Callable[[set[str]], None]) -> None:
        """Call back with the names that changed, after ``live`` answers anew and before anything else runs."""
        self._callbacks.append(callback)

    async def start(self) -> None:
        """Load what is live, then follow the changes. Raises if the database cannot be read."""
        await self.follower.start()

    async def close(self) -> None:
        await self.follower.close()
        loading = list(self._loading.values())
        for task in loading:
            task.cancel()
        await asyncio.gather(*loading, return_exceptions=True)

    async def refresh(self) -> None:
        """Take over what changed since the last time."""
        async with self._refreshing, self._pool.acquire(timeout=_QUERY_SECONDS) as connection:
            current = await connection.fetchval("SELECT revision FROM catalog_revision", timeout=_QUERY_SECONDS)
            if current == self.revision:
                return
            since = self.revision
            if current < since:  # another database, or one that was restored
                _log.warning("the catalogue went back from revision %d to %d: reading all of it", since, current)
                since = -1
            rows = await connection.fetch(_CHANGES, since, timeout=_QUERY_SECONDS)
        self._take_over(rows, current, everything=since == -1)

    async def slice(self, service: LiveService) -> Slice:
        """Return the slice of a version that is or was live. Raises RegistryUnavailableError."""
        if (known := self._slices.get(service.digest)) is not None:
            return known
        task = self._loading.get(service.digest)
        if task is None:
            task = self._loading[service.digest] = asyncio.create_task(self._load(service))
            task.add_done_callback(lambda done: self._loaded(service.digest, done))
        return await asyncio.shield(task)  # one caller that gives up takes it from no other

    def _take_over(self, rows: list[asyncpg.Record], current: int, *, everything: bool) -> None:
        changed = {row["name"] for row in rows}
        if everything:
            changed |= self._live.keys()
        before = self._live
        live = {name: known for name, known in before.items() if name not in changed}
        for row in rows:
            if row["number"] is not None and (service := _live_service(row, self._settings, self._cipher)):
                live[service.name] = service
        self._live = live
        try:
            for callback in self._callbacks:
                callback(changed)
        except BaseException:
            self._live = before  # all of it or nothing: the next look tries again
            raise
        self.revision = max((row["revision"] for row in rows), default=current)

    async def sdl(self, services: Sequence[LiveService]) -> dict[str, bytes]:
        """Return the stored definitions of versions that are or were live. Raises RegistryUnavailableError."""
        rows = await self._read("sdl", services)
        return {row["service"]: row["sdl"] for row in rows}

    async def _read(self, column: str, services: Sequence[LiveService]) -> list[asyncpg.Record]:
        try:
            async with self._pool.acquire(timeout=_QUERY_SECONDS) as connection:
                names, numbers = [each.name for each in services], [each.version for each in services]
                rows = await connection.fetch(_STORED.format(column), names, numbers, timeout=_QUERY_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RegistryUnavailableError(
                f"The description of {services[0].name} cannot be read at the moment", fix="Try again in a few seconds."
            ) from error
        return list(rows)

    async def _load(self, service: LiveService) -> Slice:
        ((_, data),) = await self._read("slice", [service])
        slice_ = decode(data)
        self._slices.put(service.digest, slice_, len(data))
        return slice_

    def _loaded(self, digest: str, done: asyncio.Task[Slice]) -> None:
        del self._loading[digest]
        if not done.cancelled():
            done.exception()  # every caller may have given up: nobody else asks for it then


def _live_service(row: asyncpg.Record, settings: Settings, cipher: FieldCipher) -> LiveService | None:
    """Return a service; None, and the log says why, if it cannot be served: the others must not suffer from that."""
    try:
        shown = msgspec.json.decode(row["manifest"], type=_Shown)
    except msgspec.ValidationError:
        _log.exception("version %d of %s has a manifest that this release cannot read", row["number"], row["name"])
        return None
    plain = msgspec.json.decode(row["upstream_headers"], type=dict[str, str])
    try:
        headers = upstream_headers.open_(cipher, row["name"], row["number"], row["sealed_headers"], plain)
    except SealedDataError as error:
        _log.exception("version %d of %s cannot be served: %s", row["number"], row["name"], error.fix)
        return None
    return LiveService(
        name=row["name"],
        department=row["department"],
        version=row["number"],
        revision=row["revision"],
        digest=row["digest"],
        title=shown.title,
        description=shown.description,
        upstream=UpstreamSettings(
            url=shown.upstream.url,
            headers=headers,
            first_byte_seconds=shown.upstream.timeout_seconds,
            total_seconds=shown.upstream.timeout_seconds,
            connections=shown.upstream.connections,
            retries=shown.upstream.retries,
            max_body_bytes=shown.upstream.max_body_bytes,
            allow=settings.upstream_networks,
        ),
    )
