"""What the platform's own resolvers are given."""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

from services_catalog.manifest import LongText, Text


class LiveService(Protocol):
    """A live service as the gateway knows it."""

    @property
    def name(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def title(self) -> Text: ...
    @property
    def description(self) -> LongText | None: ...


class LiveServices(Protocol):
    """The gateway's registry, as far as resolvers need it."""

    def live(self, name: str) -> LiveService | None: ...
    def names(self) -> Collection[str]: ...


class Context(Struct, frozen=True):
    """One process's context, the same for every request until requests have an identity."""

    services: LiveServices
