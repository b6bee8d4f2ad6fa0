"""Whom a change of one service breaks: its breaking changes, and the operations that front ends send or registered.

An operation counts as broken if it uses what changes (``supergraph.used``). That is never less than what validation
would refuse, and also finds what it cannot see: an answer that promises less, a value that a variable may carry.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphql import DocumentNode, GraphQLError, parse
from graphql.utilities import separate_operations
from msgspec import Struct

from supergraph.broken import Broken, Use
from supergraph.diff import Change, breaking, compare
from supergraph.findings import Finding
from supergraph.scalars import ALL_SCALARS
from supergraph.scope import scoped_schema
from supergraph.slice import Slice
from supergraph.types import SliceTypes
from supergraph.used import Used, breaks, used


class Impact(Struct, frozen=True):
    """All changes of a service, and whom those that are breaking break, by client and operation."""

    changes: tuple[Change, ...] = ()
    broken: tuple[Broken, ...] = ()
    findings: tuple[Finding, ...] = ()


def impact(old: Slice, new: Slice, documents: Mapping[str, str], uses: Iterable[Use]) -> Impact:
    """Say whom going from one slice to the other breaks; ``documents`` are the texts, by their digest."""
    changes = tuple(compare(old, new))
    worst = breaking(changes)
    if not worst:
        return Impact(changes)
    reading = _Reading(old, documents)
    found: dict[tuple[str, str], list[tuple[Use, list[Change]]]] = defaultdict(list)
    for use in uses:
        for operation, by in reading.operations(use):
            if broken := [change for change in worst if breaks(change, by)]:
                found[use.client, operation].append((use, broken))
    listed = [_broken(client, operation, rows, worst) for (client, operation), rows in sorted(found.items())]
    return Impact(changes, tuple(listed), tuple(reading.findings))


def _broken(client: str, operation: str, rows: Sequence[tuple[Use, list[Change]]], worst: Sequence[Change]) -> Broken:
    """Put together what is known of one client's operation: releases of an app have documents of their own."""
    uses = [use for use, _ in rows]
    own = {change for _, changes in rows for change in changes}
    return Broken(
        client=client,
        operation=operation,
        changes=tuple(change for change in worst if change in own),
        count=sum(use.count for use in uses),
        last_sent=max((use.last_sent for use in uses if use.last_sent), default=None),
        registered=any(use.registered for use in uses),
    )


class _Reading:
    """Reads each document once, over the schema that it was sent to; those that cannot be read are findings."""

    def __init__(self, slice_: Slice, documents: Mapping[str, str]) -> None:
        self.findings: list[Finding] = []
        self._slice = slice_
        self._schema = scoped_schema([SliceTypes(slice_, ALL_SCALARS)], None)
        self._documents = documents
        self._parsed: dict[str, dict[str, DocumentNode]] = {}
        self._used: dict[tuple[str, str], Used] = {}

    def operations(self, use: Use) -> Iterator[tuple[str, Used]]:
        """Yield the operations that a use stands for, with what they use."""
        if use.sha256 not in self._parsed:
            self._parsed[use.sha256] = self._parse(use.sha256)
        parsed = self._parsed[use.sha256]
        for name in parsed if use.operation is None else [use.operation]:
            if name not in parsed:
                continue
            key = use.sha256, name
            if key not in self._used:
                self._used[key] = used(self._schema, parsed[name], [self._slice])
            yield name, self._used[key]

    def _parse(self, sha256: str) -> dict[str, DocumentNode]:
        try:
            return separate_operations(parse(self._documents.get(sha256, "")))
        except GraphQLError as error:
            message = f"the recorded document {sha256[:12]} cannot be read: {error.message}"
            self.findings.append(
                Finding("warning", "", message, "It was left out; the platform's operator is to look.")
            )
            return {}
