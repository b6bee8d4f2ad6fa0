"""Residents' pages are framed by nobody but the origins that the file of host apps names."""

import httpx
import msgspec
import pytest

from adapters.apps import parse_apps
from adapters.errors import HostConfigurationError
from gateway.http.framing import framing
from tests.gateway.residents.hosts import Phones


@pytest.mark.parametrize(
    "path", ["/parking", "/parking-page/parking.js", "/appointments", "/appointments-page/host.js", "/p/nothing"]
)
async def test_the_named_origin_alone_may_frame(client: httpx.AsyncClient, phones: Phones, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["content-security-policy"].split("; ")[-1] == f"frame-ancestors {phones.origin}"
    assert "x-frame-options" not in headers


def test_without_one_nobody_may() -> None:
    headers = framing("default-src 'none'", ())
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "origin", ["*", "https://a.example; script-src *", "https://a.example/", "https://a.example\n"]
)
def test_only_origins_can_be_named(origin: str) -> None:
    entry = {"provider": "web", "app": {"app_id": "web", "base_url": "https://a.example"}, "framed_by": [origin]}
    with pytest.raises(HostConfigurationError, match="framed_by"):
        parse_apps(msgspec.json.encode({"apps": [entry]}))
