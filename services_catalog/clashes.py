"""Types that two parts of the graph would both have: a schema that holds both parts can hold one type of each name."""

from collections.abc import Collection, Mapping

from supergraph.slice import Slice, decode, type_names

_PLATFORM = "the platform"

Clashes = dict[str, tuple[str, ...]]
"""Service, or "the platform" → names that both have."""


def clashes(slice_: Slice, neighbours: Mapping[str, bytes], platform: Collection[str]) -> Clashes:
    """Compare a slice's type names with those of its neighbours' slices and the platform's own."""
    names = type_names(slice_)
    taken = {service: type_names(decode(data)) for service, data in neighbours.items()} | {_PLATFORM: set(platform)}
    return {other: tuple(sorted(names & theirs)) for other, theirs in taken.items() if names & theirs}
