"""Identifiers of what is exported: UUIDs of version 5 (RFC 9562 section 5.5) of a platform's URL, a kind and a code.

The same thing has the same one in every export, on every day; two cities that use the same codes do not collide.
"""

from uuid import NAMESPACE_URL, uuid5


class Identities:
    """The identifiers of one platform."""

    def __init__(self, platform: str) -> None:
        self._namespace = uuid5(NAMESPACE_URL, platform)

    def of(self, kind: str, *codes: str) -> str:
        """Return the identifier of a thing: its kind, and the codes that lead to it."""
        return str(uuid5(self._namespace, "/".join((kind, *codes))))

    def service(self, code: str) -> str:
        """Return the identifier of an entry as a service."""
        return self.of("service", code)
