"""What a department sends to be published, and what it is answered."""

from typing import Any, Literal

from msgspec import Struct

from services_catalog import bundle as bundles
from services_catalog.compiler_process import Compiled
from services_catalog.usage.impact import Verdict
from services_catalog.versions import LiveChange
from supergraph.broken import Broken
from supergraph.diff import Change
from supergraph.findings import Finding
from supergraph.slice import PrivacyRule


class Submission(Struct, frozen=True, forbid_unknown_fields=True):
    """What a department sends. ``force`` accepts breaking changes; ``dry_run`` stores nothing."""

    manifest: dict[str, Any]
    bundle: bundles.Bundle
    force: bool = False
    dry_run: bool = False


class Publication(Struct, frozen=True, kw_only=True):
    """What came of a submission. ``digest`` names the slice, and with it the SDL that it stands for."""

    service: str
    status: Literal["published", "unchanged", "checked"]
    version: int | None  # the live one
    revision: int
    digest: str
    offered: int
    operations: tuple[str, ...]
    typed: int
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    example: str  # a query that works without arguments, if there is one
    milliseconds: float
    broken: tuple[Broken, ...] = ()  # the clients' operations that the changes break
    needs_force: bool = False  # whether it goes live only by force
    guarded: dict[str, PrivacyRule] = {}  # operations and fields with a rule of their own


class RolledBack(Struct, frozen=True, kw_only=True):
    """What is live after a rollback, what that changed, and whom it breaks."""

    version: int
    revision: int
    replaced: int | None
    changes: tuple[Change, ...] = ()
    broken: tuple[Broken, ...] = ()


def publication(
    status: Literal["published", "unchanged", "checked"],
    compiled: Compiled,
    live: LiveChange,
    service: str,
    verdict: Verdict,
) -> Publication:
    """Put an answer together; what it took is not known yet."""
    return Publication(
        service=service,
        status=status,
        version=live.version or None,
        revision=live.revision,
        digest=compiled.digest,
        offered=compiled.offered,
        operations=compiled.operations,
        typed=compiled.typed,
        findings=(*compiled.findings, *verdict.findings),
        changes=compiled.changes,
        example=compiled.example,
        milliseconds=0.0,
        broken=verdict.broken,
        needs_force=verdict.needs_force,
        guarded=compiled.guarded,
    )
