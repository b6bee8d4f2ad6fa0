"""Publishing: a department's document becomes a live version of its service, or is refused with what to mend."""

import asyncio
import logging
import time
from functools import partial

import msgspec
from redis.asyncio import Redis

from kernel.audit.entries import Detail, Event, append
from kernel.clock import Clock
from kernel.crypto.errors import SealedDataError
from kernel.crypto.fields import FieldCipher
from kernel.database import Database
from kernel.networks import BadUrlError, check_url, parse_networks, resolve
from kernel.settings import Settings
from services_catalog import bundle as bundles
from services_catalog import upstream_headers
from services_catalog.announcements import announce
from services_catalog.compiler import Compiler
from services_catalog.compiler_process import Compiled, Order
from services_catalog.errors import (
    BreakingChangeError,
    CompilerFailedError,
    DocumentError,
    ManifestError,
    NotYoursError,
    PublishedMeanwhileError,
    TypeClashError,
    UpstreamUnknownError,
)
from services_catalog.manifest import Manifest, read
from services_catalog.platform_names import PlatformNames
from services_catalog.publication import Publication, RolledBack, Submission, publication
from services_catalog.strict_reading import pointer
from services_catalog.tables import ServiceVersion
from services_catalog.usage.impact import Verdict, judge
from services_catalog.versions import ChangedMeanwhileError, LiveChange, roll_back, standing, store
from supergraph.diff import breaking
from supergraph.findings import Finding
from supergraph.openapi.settings import access_of

_ATTEMPTS = 5  # of comparing with a live version that changes meanwhile
_RESOLVE_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Publishing:
    """The use cases of one process, with what they need."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        clock: Clock,
        settings: Settings,
        platform: PlatformNames,
        *,
        cipher: FieldCipher,
    ) -> None:
        self._database = database
        self._redis = redis
        self._clock = clock
        self._networks = parse_networks(settings.upstream_networks)
        self._max_cost = settings.max_cost
        self._platform = platform
        self._cipher = cipher
        self._compiler = Compiler()

    async def publish(self, department: str, key_id: str, submission: Submission) -> Publication:
        """Check, compile, compare, store and announce. Every refusal is a YiwangError and changes nothing."""
        began = time.perf_counter()
        manifest = read(submission.manifest)
        if manifest.department != department:
            raise NotYoursError(
                f"The manifest is of the department {manifest.department!r}, the credential of {department!r}",
                fix="Use the credential of the manifest's department.",
            )
        self._check_name(manifest.name)
        _check_costs(manifest, self._max_cost)
        bundles.check(submission.bundle, manifest.document)
        await self._check_upstream(manifest.upstream.url)
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._attempt(manifest, key_id, submission)
            except ChangedMeanwhileError:
                continue
            return msgspec.structs.replace(answer, milliseconds=(time.perf_counter() - began) * 1000)
        raise PublishedMeanwhileError(
            f"{manifest.name} was published by others again and again meanwhile", fix="Publish once more."
        )

    async def roll_back(self, department: str, key_id: str, service: str, to: int | None) -> LiveChange:
        """Make an earlier version live again and announce it."""
        async with self._database.session() as session:
            change = await roll_back(session, self._clock, department, service, to, beside=self._platform.types)
            if change.version != change.replaced:
                event = _event("service.rolled_back", department, key_id, service, _numbers(change))
                await append(session, self._clock, event)
        await announce(self._redis, change.revision)
        return change

    async def judged(self, service: str, change: LiveChange) -> RolledBack:
        """Say whom a rollback breaks. It stands whatever comes of that: it is for when something else is wrong."""
        verdict = Verdict()
        try:
            async with self._database.session() as session:
                numbers = (change.replaced or change.version, change.version)
                old, new = [await session.get_one(ServiceVersion, (service, number)) for number in numbers]
            if old is not new:
                verdict = await judge(self._database, self._compiler, self._clock, service, (old.slice, new.slice))
        except Exception:  # noqa: BLE001 - the rollback is made: to answer with an error would be wrong
            _log.exception("whom a rollback breaks cannot be said", extra={"service": service})
        return RolledBack(
            version=change.version,
            revision=change.revision,
            replaced=change.replaced,
            changes=verdict.changes,
            broken=verdict.broken,
        )

    async def _attempt(self, manifest: Manifest, key_id: str, submission: Submission) -> Publication:
        async with self._database.session() as session:
            stood = await standing(session, manifest.department, manifest.name)
        compiled = await self._compiler.compile(
            Order(
                service=manifest.name,
                document=manifest.document,
                bundle=submission.bundle,
                settings=manifest.operations,
                access=access_of(manifest.access),
                department=manifest.department,
                fields=manifest.fields,
                live=stood.live.slice if stood.live else None,
                neighbours=stood.neighbours,
                platform_types=self._platform.types,
            )
        )
        _check_compiled(manifest.name, compiled)
        compiled = msgspec.structs.replace(compiled, findings=(*_dear(manifest, self._max_cost), *compiled.findings))
        verdict = await self._judge(stood.live, compiled)
        if verdict.needs_force and not submission.force:
            findings = (*compiled.findings, *verdict.findings)
            raise BreakingChangeError(manifest.name, compiled.changes, findings, verdict.broken)
        version = _version(manifest, compiled, self._clock, key_id)
        if stood.live and _same(stood.live, version) and self._has_headers(stood.live, manifest.upstream.headers):
            live = LiveChange(stood.live.number, stood.revision)
            return publication("unchanged", compiled, live, manifest.name, verdict)
        if submission.dry_run:
            live = LiveChange(stood.live.number if stood.live else 0, stood.revision)
            return publication("checked", compiled, live, manifest.name, verdict)
        async with self._database.session() as session:
            seal = partial(upstream_headers.seal, self._cipher, manifest.name, headers=manifest.upstream.headers)
            change = await store(session, self._clock, manifest.department, version, stood, seal=seal)
            details = _numbers(change) | {"digest": version.digest, "forced": submission.force}
            event = _event("service.published", manifest.department, key_id, manifest.name, details)
            await append(session, self._clock, event)
        await announce(self._redis, change.revision)
        return publication("published", compiled, change, manifest.name, verdict)

    async def _judge(self, live: ServiceVersion | None, compiled: Compiled) -> Verdict:
        """Say whom a publication breaks, if it could break anybody."""
        if live is None or not breaking(compiled.changes):
            return Verdict()
        try:
            slices = live.slice, compiled.slice
            return await judge(self._database, self._compiler, self._clock, live.service, slices)
        except CompilerFailedError as error:  # then nobody knows; to force it stays possible
            finding = Finding("warning", "", "whom this breaks could not be worked out", error.fix)
            return Verdict(compiled.changes, findings=(finding,), covered=False)

    def _has_headers(self, live: ServiceVersion, headers: dict[str, str]) -> bool:
        """Whether they are those of the live version; what cannot be opened is not, and mended by publishing."""
        try:
            stored = upstream_headers.open_(
                self._cipher, live.service, live.number, live.sealed_headers, live.upstream_headers
            )
        except SealedDataError:
            _log.exception("the live version's headers cannot be opened", extra={"service": live.service})
            return False
        return stored == headers

    def _check_name(self, name: str) -> None:
        if name in self._platform.fields:
            raise ManifestError(
                [Finding("error", "/name", f"{name!r} is a field of the platform's own", "Choose another name.")]
            )

    async def _check_upstream(self, url: str) -> None:
        checked = check_url(url, self._networks)
        if "?" in checked.target or "#" in url:
            raise BadUrlError(
                "The upstream's URL has a query or a fragment",
                fix="Leave them out; values that are always the same go into `upstream.headers`.",
            )
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await resolve(checked.host, checked.port, self._networks)
        except OSError as error:  # TimeoutError is one
            raise UpstreamUnknownError(
                f"The upstream's host {checked.host} cannot be resolved from here",
                fix="Check the URL, and that the platform's network knows this name.",
            ) from error


def _check_costs(manifest: Manifest, most: int) -> None:
    """Refuse operations that no query could afford. Raises ManifestError."""
    found = [
        Finding(
            "error",
            pointer("/operations", key) + "/cost",
            f"a call costs {each.cost} points, and a query may cost {most}: every call would be refused",
            "Lower it, or ask the platform's operator to raise YIWANG_MAX_COST.",
        )
        for key, each in manifest.operations.items()
        if each.cost > most and not each.hide
    ]
    if found:
        raise ManifestError(found)


def _dear(manifest: Manifest, most: int) -> list[Finding]:
    """Return a warning for each operation that a query can afford only if it says how long the list may be."""
    return [
        Finding(
            "warning",
            "",
            f"without {' or '.join(size.arguments)}, a call of {key} costs {each.cost * size.assumed} points and is "
            f"refused: a query may cost {most}",
            "Lower `assumed` or `cost`, unless front ends are to say the size always.",
        )
        for key, each in manifest.operations.items()
        if (size := each.list_size) is not None and each.cost * size.assumed > most and not each.hide
    ]


def _check_compiled(service: str, compiled: Compiled) -> None:
    if not compiled.operations:
        raise DocumentError(f"Nothing of the document of {service} can be published", compiled.findings)
    if compiled.clashes:
        raise TypeClashError(service, compiled.clashes, compiled.findings)


def _version(manifest: Manifest, compiled: Compiled, clock: Clock, key_id: str) -> ServiceVersion:
    shown = msgspec.json.decode(msgspec.json.encode(manifest))  # as it is read back: lists, and no tuples
    if manifest.upstream.headers:
        shown["upstream"]["headers"] = dict.fromkeys(manifest.upstream.headers, "")
    return ServiceVersion(
        service=manifest.name,
        manifest=shown,
        bundle=compiled.bundle,
        slice=compiled.slice,
        sdl=compiled.sdl,
        digest=compiled.digest,
        operations=len(compiled.operations),
        typed=compiled.typed,
        findings=[_storable(each) for each in compiled.findings],
        created_at=clock.now(),
        created_by=key_id,
    )


def _event(action: str, department: str, key_id: str, service: str, details: dict[str, Detail]) -> Event:
    return Event(
        actor=f"credential:{key_id}",
        on_behalf_of=f"department:{department}",
        action=action,
        object=f"service:{service}",
        details=details,
    )


def _numbers(change: LiveChange) -> dict[str, Detail]:
    return {"version": change.version, "replaced": change.replaced or 0}


def _storable(finding: Finding) -> dict[str, str]:
    """Return a finding as PostgreSQL stores it: its text cannot hold U+0000, which a finding may quote."""
    return {name: text.replace("\0", "\ufffd") for name, text in msgspec.structs.asdict(finding).items()}


def _same(live: ServiceVersion, new: ServiceVersion) -> bool:
    """Whether publishing would change nothing of what is stored but the headers."""
    return all(getattr(live, name) == getattr(new, name) for name in ("manifest", "bundle", "slice", "sdl"))
