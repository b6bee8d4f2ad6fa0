"""Whom a change of a service breaks, of those who sent something in the last 30 days or registered it.

``services_catalog.publishing`` asks this when a comparison found breaking changes; ``supergraph.impact`` does the work.
"""

from datetime import datetime

from msgspec import Struct

from kernel.clock import Clock
from kernel.database import Database
from services_catalog.compiler import Compiler
from services_catalog.usage.documents import Asked, asked_of, is_covered
from services_catalog.usage.impact_process import Question
from services_catalog.usage.recording import DAYS
from supergraph.broken import Broken
from supergraph.diff import Change, breaking
from supergraph.findings import Finding
from supergraph.impact import Impact

_MODULE = "services_catalog.usage.impact_process"
_NAMED = 5  # changes, in a message


class Verdict(Struct, frozen=True):
    """What a change does to clients. ``covered``: everything that was sent to the service is known.

    ``needs_force``: it breaks somebody, or nobody knows whether it does.
    """

    changes: tuple[Change, ...] = ()
    broken: tuple[Broken, ...] = ()
    findings: tuple[Finding, ...] = ()
    covered: bool = True

    @property
    def needs_force(self) -> bool:
        return bool(self.broken) or (not self.covered and bool(breaking(self.changes)))


async def judge(
    database: Database, compiler: Compiler, clock: Clock, service: str, slices: tuple[bytes, bytes]
) -> Verdict:
    """Say whom going from the first of two encoded slices to the second breaks. Raises CompilerFailedError."""
    now: datetime = clock.now()
    covered = await is_covered(database.pool, service, now)
    asked = await asked_of(database.pool, service, now)
    found = await _impact(compiler, service, slices, asked)
    findings = found.findings
    if (worst := breaking(found.changes)) and not found.broken and covered and asked.whole:
        findings = (*findings, _breaks_nobody(worst))
    return Verdict(found.changes, found.broken, findings, covered and asked.whole)


async def _impact(compiler: Compiler, service: str, slices: tuple[bytes, bytes], asked: Asked) -> Impact:
    question = Question(*slices, documents=asked.documents, uses=asked.uses)
    return await compiler.run(_MODULE, service, question, Impact)


def _breaks_nobody(worst: list[Change]) -> Finding:
    paths = list(dict.fromkeys(change.path for change in worst))
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return Finding(
        "warning",
        "",
        f"breaking, but nobody has sent or registered an operation in the last {DAYS} days that uses it: "
        f"{', '.join(paths[:_NAMED])}{more}",
        "Nothing needs to be done; who still writes against the old fields will have to be told.",
    )
