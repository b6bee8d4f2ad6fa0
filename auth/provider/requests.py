"""A request to the provider, on plain values, as Authlib reads it.

The URI is made from the issuer and never from what a proxy passed on. Only the authorization endpoint reads parameters
from the URL: elsewhere a secret or a grant type in a URL is not looked at.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

_FORM = "application/x-www-form-urlencoded"


class Headers(dict[str, str]):
    """Headers by any spelling of their names."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters, each with all its values; what is read is the first."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)
        self._data = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists

    def repeated(self) -> list[str]:
        """Return the parameters that are given more than once (RFC 6749 section 3.1 forbids it)."""
        return sorted(name for name, values in self._lists.items() if len(values) > 1)


class ProviderRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """One HTTP request. ``pairs`` are the parameters that its endpoint reads."""

    def __init__(
        self, method: str, path: str, issuer: str, headers: Mapping[str, str], pairs: list[tuple[str, str]]
    ) -> None:
        super().__init__(method, "https://" + issuer.partition("://")[2] + path, headers=Headers(headers))
        self.url = issuer + path
        self.payload = Payload(pairs)
        self.jkt = ""  # of the DPoP proof that came with it, verified

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


def read_form(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Return a form's parameters, none if the body is no form."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return []
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def read_query(query: bytes) -> list[tuple[str, str]]:
    """Return a URL's parameters."""
    return parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)
