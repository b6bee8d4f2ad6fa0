"""The names in the graph that are the platform's own: no service may take one, nor give one of its types one."""

from msgspec import Struct


class PlatformNames(Struct, frozen=True):
    """The platform's ``fields`` in Query and Mutation, and its ``types``."""

    fields: frozenset[str]
    types: frozenset[str]
