"""A department behind an HTTP proxy: aiohttp carries its calls."""

import pytest

from gateway.upstream.errors import UpstreamRefusedAddressError, UpstreamUnreachableError
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import answer

pytestmark = pytest.mark.parametrize("client", ["native"])  # a proxy overrides it


async def test_calls_go_through_the_proxy(department: StartDepartment, upstream: MakeUpstream) -> None:
    """The proxy is a department too: one that is asked for absolute URLs."""
    proxy = await department(lambda _: [answer(b"[1]")])
    service = upstream("http://parking.gov.cn/api", proxy=proxy.url, headers={"x-key": "k"})
    assert (await get(service, "/lots?a=1")).body == b"[1]"
    assert proxy.heads[0].startswith("GET http://parking.gov.cn/api/lots?a=1 HTTP/1.1\r\n")
    assert "x-key: k\r\n" in proxy.heads[0]


async def test_a_proxy_does_not_lead_to_forbidden_addresses(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    proxy = await department(lambda _: [answer()])
    for url in ("http://10.0.0.1/", "http://localhost/"):
        with pytest.raises(UpstreamRefusedAddressError):
            await get(upstream(url, proxy=proxy.url, allow=()))
    assert proxy.accepted == 0


async def test_a_proxy_that_refuses_is_an_unreachable_service(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    proxy = await department(lambda _: [answer(b"", "403 Forbidden")])
    with pytest.raises(UpstreamUnreachableError):
        await get(upstream("https://parking.gov.cn/api", proxy=proxy.url))
    assert proxy.heads[0].startswith("CONNECT parking.gov.cn:443 HTTP/1.1\r\n")
