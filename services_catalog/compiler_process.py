"""The compiler as a process of its own: one order on stdin, one result on stdout, then it ends.

``services_catalog.compiler`` starts it; limits on time and memory make a document that needs too much cost its own
publication only. It has no settings and, of the environment, only what Python needs. It is no sandbox: it runs as the
gateway's user and could open what that user may; what protects is that it reads the document as data only.
"""

import os
import resource
import sys

import msgspec
from msgspec import Struct

from services_catalog import definitions
from services_catalog.bundle import pack
from services_catalog.clashes import Clashes, clashes
from services_catalog.example_query import example_query
from supergraph.diff import Change, compare
from supergraph.findings import Finding
from supergraph.openapi import Compilation, OperationSettings, compile_document
from supergraph.openapi.policy import with_fields
from supergraph.privacy import field_rules
from supergraph.sdl import definitions_of
from supergraph.slice import Access, Privacy, PrivacyRule, Slice, coordinate, decode, digest, encode

CPU_SECONDS = 60  # twelve times what the worst of 203 real documents may take
MEMORY_BYTES = 2 * 2**30


class Order(Struct, frozen=True):
    """What to compile, and what to compare it with: the live slice and those whose type names might be the same."""

    service: str
    document: str
    bundle: dict[str, str]
    settings: dict[str, OperationSettings]
    access: Access = Access()
    department: str = ""
    fields: dict[str, Privacy | PrivacyRule] = {}
    live: bytes | None = None
    neighbours: dict[str, bytes] = {}
    platform_types: frozenset[str] = frozenset()


class Compiled(Struct, frozen=True):
    """The slice, encoded, and what there is to say about it. Without operations there is no slice worth storing."""

    slice: bytes
    digest: str
    bundle: bytes  # services_catalog.bundle.pack
    sdl: bytes  # services_catalog.definitions.pack
    offered: int
    operations: tuple[str, ...]  # coordinates: Query.parking.lots
    typed: int
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    clashes: Clashes
    example: str  # a query, "" if there is none without arguments
    guarded: dict[str, PrivacyRule]  # by coordinate: what the manifest gives a privacy class


def work(order: Order) -> Compiled:
    """Compile and compare. Pure."""
    files = {path: text.encode() for path, text in order.bundle.items()}
    live = decode(order.live) if order.live is not None else None
    names = {operation.source: operation.name for operation in live.operations} if live else {}
    result = compile_document(
        order.document,
        files.__getitem__,
        service=order.service,
        settings=order.settings,
        access=order.access,
        live=names,
    )
    slice_, misfits = _with_policy(result, order)
    data = encode(slice_)
    return Compiled(
        slice=data,
        digest=digest(data),
        bundle=pack(order.bundle),
        sdl=definitions.pack(definitions_of(slice_)),
        offered=result.offered,
        operations=tuple(coordinate(slice_.service, operation) for operation in slice_.operations),
        typed=result.typed,
        findings=(*misfits, *result.findings),
        changes=tuple(compare(live, slice_)) if live else (),
        clashes=clashes(slice_, order.neighbours, order.platform_types),
        example=example_query(slice_),
        guarded=_guarded(slice_),
    )


def _with_policy(compiled: Compilation, order: Order) -> tuple[Slice, list[Finding]]:
    """Return the slice with what the manifest says of it, an empty one if any of that fits nothing."""
    nothing = Slice(service=order.service, types={}, operations=())
    if compiled.slice is None or not compiled.slice.operations:
        return nothing, [*compiled.misfits]
    slice_, missing = with_fields(compiled.slice, order.fields)
    misfits = [*compiled.misfits, *missing]
    return nothing if misfits else msgspec.structs.replace(slice_, department=order.department), misfits


def _guarded(slice_: Slice) -> dict[str, PrivacyRule]:
    own = {coordinate(slice_.service, each): each.privacy for each in slice_.operations if each.privacy is not None}
    return own | dict(field_rules(slice_))


def limit() -> None:
    """Bound what this process may use."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(5)  # requests come first


def main() -> None:
    """Read an order, write its result."""
    limit()
    order = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.msgpack.encode(work(order)))


if __name__ == "__main__":
    main()
