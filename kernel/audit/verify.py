"""Verify the whole audit log, or its end, entry by entry in one snapshot of the database, in constant memory.

What a chain alone cannot tell, anchors do: that its tail was cut off, or that all of it was written anew.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import asyncpg
from msgspec import Struct

from kernel.audit.anchors import Anchor, PublicKeys, is_signed
from kernel.audit.chain import GENESIS, Link, text_of
from kernel.audit.reading import ENTRIES, Connection, link_of
from kernel.audit.walk import Finding, Walk

_BATCH = 2000  # rows fetched at a time, and entries between two calls of ``progress``
_MOST_FINDINGS = 1000
Progress = Callable[[int, int], None]
"""Called with how many entries are verified, and of how many."""


class Report(Struct, kw_only=True):
    """What was verified and what was found; ``unreported`` findings are beyond the first thousand."""

    first: int
    last: int = 0
    entries: int = 0
    anchors: int = 0
    signed_anchors: int = 0
    newest_anchor: int = 0
    findings: list[Finding] = []
    unreported: int = 0

    def add(self, finding: Finding) -> None:
        """Note a finding."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.unreported += 1


async def verify(
    connection: Connection,
    sources: Mapping[str, Sequence[Anchor]],
    keys: PublicKeys,
    *,
    first: int = 1,
    progress: Progress = lambda _done, _total: None,
) -> Report:
    """Verify the entries from number ``first`` on. ``sources`` are anchors by the name of the file they were kept in.

    Read the files before: then every entry that they anchor is in the snapshot. Without ``keys`` no signature is
    checked. Entry ``first - 1`` is taken as it stands, unless an anchor says otherwise.
    """
    report = Report(first=first)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("SELECT seq, hash FROM audit_head")
        everywhere = {"the table audit_anchor": await _table(connection), **sources}
        anchors = _trusted(everywhere, keys, report)
        start = await connection.fetchval("SELECT hash FROM audit_entry WHERE seq = $1", first - 1)
        walk = Walk(first, GENESIS if first == 1 else start)
        fit = _Fit(anchors, first)
        if first > 1 and start is None:
            report.add(Finding("deleted", first - 1, first - 1, "verification is to begin after it, but it is missing"))
        elif first > 1:
            fit.check(first - 1, start)
        async for link, following in _pairs(connection, first):
            for finding in walk.step(link, following):
                report.add(finding)
            fit.check(link.seq + walk.shift, link.hash)
            report.entries += 1
            if report.entries % _BATCH == 0:
                progress(report.entries, max(head["seq"] - first + 1 if head else 0, report.entries))
    for finding in walk.settle():
        report.add(finding)
    report.last = walk.last
    for finding in (*fit.findings(report.findings), *_check_end(walk, head, max(anchors, default=0))):
        report.add(finding)
    report.findings.sort(key=lambda each: each.seq)
    return report


async def _table(connection: Connection) -> list[Anchor]:
    rows = await connection.fetch("SELECT seq, hash, at, key_id, signature FROM audit_anchor ORDER BY seq")
    return [Anchor(row[0], row[1].hex(), text_of(row[2]), row[3], row[4]) for row in rows]


def _trusted(sources: Mapping[str, Sequence[Anchor]], keys: PublicKeys, report: Report) -> dict[int, set[str]]:
    """Return the hashes that anchors give entries. From the first signature on, each anchor of a source needs one."""
    trusted: dict[int, set[str]] = {}
    for source, anchors in sources.items():
        signatures = False
        for anchor in anchors:
            fine = not keys or is_signed(anchor, keys) or not (anchor.signature or signatures)
            signatures = signatures or bool(keys and anchor.signature)
            if fine:
                trusted.setdefault(anchor.seq, set()).add(anchor.hash)
                report.signed_anchors += bool(keys and anchor.signature)
            else:
                report.add(Finding("anchor", anchor.seq, anchor.seq, f"its anchor in {source} has no valid signature"))
        if keys and anchors and not signatures:
            last = anchors[-1].seq
            report.add(Finding("anchor", last, last, f"a key is given, but no anchor in {source} is signed"))
    report.anchors = len(trusted)
    report.newest_anchor = max(trusted, default=0)
    return trusted


class _Fit:
    """Compares entries with anchors; what lies between a fitting and an unfitting one was written anew."""

    def __init__(self, anchors: Mapping[int, set[str]], first: int) -> None:
        self._anchors = anchors
        self._fitting = first - 1
        self._unfitting: list[tuple[int, int]] = []

    def check(self, seq: int, found: bytes) -> None:
        if (hashes := self._anchors.get(seq)) is None:
            return
        if hashes == {found.hex()}:
            self._fitting = seq
        else:
            self._unfitting.append((self._fitting, seq))

    def findings(self, known: Sequence[Finding]) -> list[Finding]:
        """One for each stretch between fitting anchors; without anchors whose own entry is accused already."""
        chain = [each for each in known if each.kind != "anchor"]
        open_ = (pair for pair in self._unfitting if not any(each.seq <= pair[1] <= each.last for each in chain))
        stretches = dict(open_)  # of each stretch the last
        text = "the chain is whole, but not the one that was anchored: it was written anew somewhere from here on"
        return [Finding("rewritten", after + 1, seq, text) for after, seq in stretches.items()]


def _check_end(walk: Walk, head: asyncpg.Record | None, newest_anchor: int) -> list[Finding]:
    """Compare the last entry with the head's row and the newest anchor."""
    last = walk.last + walk.shift
    if head is None:
        return [Finding("head", walk.last, walk.last, "the row of audit_head is missing")]
    end = newest_anchor if head["seq"] in {walk.last, last} else max(head["seq"], newest_anchor)
    if end > last:
        return [Finding("cut", last + 1, end, f"the tail is missing: {end - last} entries")]
    if walk.last_hash is None:  # nothing to compare
        return []
    if head["seq"] < min(walk.last, last):
        return [Finding("inserted", head["seq"] + 1, walk.last, "it was appended past the head")]
    if head["hash"] != walk.last_hash and not walk.accuses(walk.last):
        return [Finding("edited", walk.last, walk.last, "it was hashed anew: the head names another hash")]
    return []


async def _pairs(connection: Connection, first: int) -> AsyncIterator[tuple[Link, Link | None]]:
    """Every entry, with the one after it."""
    where, arguments = (" WHERE seq >= $1", (first,)) if first > 1 else ("", ())
    waiting: Link | None = None
    async for row in connection.cursor(ENTRIES + where + " ORDER BY seq", *arguments, prefetch=_BATCH):
        link = link_of(row)
        if waiting is not None:
            yield waiting, link
        waiting = link
    if waiting is not None:
        yield waiting, None
