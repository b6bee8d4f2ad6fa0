"""What the platform's own resolvers are given."""

from collections.abc import Collection
from typing import Protocol

from msgspec import Struct

from auth.sessions.access_tokens import AccessToken
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
    """One request's context: the process's registry, and whose request it is."""

    services: LiveServices
    token: AccessToken | None = None
