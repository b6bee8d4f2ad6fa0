"""No address that the deployment did not allow is ever reached: by form, by name, by rebinding, by redirect."""

import asyncio
import ipaddress
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.errors import UpstreamRedirectError, UpstreamRefusedAddressError, UpstreamUnreachableError
from gateway.upstream.resolver import Resolver
from kernel.networks import (
    AddressRefusedError,
    BadUrlError,
    check_url,
    parse_networks,
    refusal,
    resolve,
    split_url,
)
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import Step, answer

VECTORS = [
    line.split()
    for line in Path(__file__).with_name("addresses.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.case("issue-2.4")
@pytest.mark.parametrize("address", [address for verdict, address in VECTORS if verdict == "refused"])
def test_special_addresses_are_refused(address: str) -> None:
    assert refusal(address, ())
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AddressRefusedError) as caught:
        check_url(f"https://{host}/api", ())
    assert "YIWANG_UPSTREAM_NETWORKS" in caught.value.fix
    assert str(ipaddress.ip_address(address)) in caught.value.message


@pytest.mark.parametrize("address", [address for verdict, address in VECTORS if verdict == "public"])
def test_public_addresses_pass(address: str) -> None:
    assert refusal(address, ()) is None


@given(st.ip_addresses())
def test_what_passes_is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if refusal(address, ()) is None:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_gains_nothing_from_an_ipv6_form(address: ipaddress.IPv4Address) -> None:
    forms = (f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::")
    everything = parse_networks(["::/0"])
    for form in forms:
        assert refusal(form, ())
        assert (refusal(form, everything) is None) == (refusal(address, everything) is None)


def test_the_deployment_may_allow_a_network() -> None:
    allowed = parse_networks(["10.20.0.0/16", "fd12::/16"])
    assert refusal("10.20.3.4", allowed) is None
    assert refusal("fd12::1", allowed) is None
    assert refusal("10.21.0.1", allowed) == "private"
    with pytest.raises(ValueError, match=r"10\.20"):
        parse_networks(["10.20.0.0/99"])


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("http://parking.gov.cn", "parking.gov.cn", 80, "/"),
        ("HTTPS://Parking.Gov.CN:8443/Api/v1?x=1#f", "parking.gov.cn", 8443, "/Api/v1?x=1"),
        ("https://政务.cn/a", "xn--zfr164b.cn", 443, "/a"),
        ("http://[2606:4700:0::1]:81/a", "2606:4700::1", 81, "/a"),
        ("http://8.8.8.8?x=1", "8.8.8.8", 80, "/?x=1"),
    ],
)
def test_urls_are_read(text: str, host: str, port: int, target: str) -> None:
    url = check_url(text, ())
    assert (url.host, url.port, url.target) == (host, port, target)


@pytest.mark.parametrize(
    "text",
    [
        "", "ftp://a/", "http://", "//a/b", "http:///a", "http://a b/", "http://a/b c", "http://a/\r\nx: y", "http://a\\@b/",
        "http://user:secret@a/", "http://a:0/", "http://a:65536/", "http://a:x/", "http://[::1", "http://[::g]/",
        "http://a..b/", "http://" + "a" * 64 + "/", "http://a%2eb/", "http://a/\u00e9", "http://[fe80::1%25eth0]/", "http://a\t/",
    ],
)  # fmt: skip
def test_urls_that_could_be_misread_are_refused(text: str) -> None:
    with pytest.raises(BadUrlError) as caught:
        split_url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "a.localhost"])
def test_localhost_is_loopback(host: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1"):
        check_url(f"http://{host}/", ())


async def test_a_name_is_judged_by_every_address_it_has() -> None:
    public, mixed = ["8.8.8.8", "2606:4700::1"], ["8.8.8.8", "10.0.0.1"]
    assert await resolve("a.gov.cn", 80, (), look_up=lambda _host, _port: public) == tuple(public)
    with pytest.raises(AddressRefusedError, match=r"a\.gov\.cn \(10\.0\.0\.1\)"):
        await resolve("a.gov.cn", 80, (), look_up=lambda _host, _port: mixed)
    with pytest.raises(AddressRefusedError):
        await resolve("localhost", 80, ())


class Names:
    """A name server for the tests: answers in turn, counts the questions."""

    def __init__(self, *answers: list[str] | OSError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, host: str, port: int) -> Iterable[str]:  # noqa: ARG002 - as the resolver calls it
        self.asked.append(host)
        assert self.gate.wait(5)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(found, OSError):
            raise found
        return found


@pytest.fixture
def names() -> Names:
    return Names(["127.0.0.1"])


@pytest.fixture
def resolver(names: Names) -> Resolver:
    return Resolver(names)


async def test_refused_names_get_no_connection(
    department: StartDepartment, upstream: MakeUpstream, names: Names
) -> None:
    one = await department(lambda _: [answer()])
    for url in (f"http://parking.gov.cn:{one.port}", f"http://127.0.0.1:{one.port}"):
        with pytest.raises(UpstreamRefusedAddressError) as caught:
            await get(upstream(url, allow=()))
        assert "127.0.0.1" not in caught.value.message
    assert one.accepted == 0
    assert names.asked == ["parking.gov.cn"]


async def test_the_checked_address_is_the_connected_one(
    department: StartDepartment, upstream: MakeUpstream, names: Names
) -> None:
    """DNS rebinding: the name's second answer, a forbidden one, is never asked for."""
    names._answers = [["127.0.0.1"], ["10.0.0.1"]]
    one = await department(lambda _: [answer(headers="connection: close\r\n")])
    service = upstream(f"http://parking.gov.cn:{one.port}")
    for _ in range(3):
        assert (await get(service)).status == 200
    assert (one.accepted, len(names.asked)) == (3, 1)
    assert f"host: parking.gov.cn:{one.port}\r\n" in one.heads[0].lower()


async def test_a_name_is_judged_again_when_it_is_asked_for_again(
    department: StartDepartment, upstream: MakeUpstream, names: Names, resolver: Resolver
) -> None:
    names._answers = [["127.0.0.1"], ["10.0.0.1"]]
    one = await department(lambda _: [answer(headers="connection: close\r\n")])
    service = upstream(f"http://parking.gov.cn:{one.port}")
    await get(service)
    resolver._known = {key: (0.0, look_up) for key, (_, look_up) in resolver._known.items()}  # the answer grows old
    with pytest.raises(UpstreamRefusedAddressError):
        await get(service)
    assert (one.accepted, len(names.asked)) == (1, 2)


async def test_old_answers_are_dropped(resolver: Resolver) -> None:
    """A department may redirect to ever new names; those of the past take no memory."""
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    for number in range(3):
        await resolver.addresses(f"{number}.parking.gov.cn", 80, allowed)
    assert len(resolver._known) == 3
    resolver._known = {key: (0.0, look_up) for key, (_, look_up) in resolver._known.items()}  # they grow old
    await resolver.addresses("parking.gov.cn", 80, allowed)
    assert [host for host, *_ in resolver._known] == ["parking.gov.cn"]


async def test_further_addresses_are_tried(department: StartDepartment, upstream: MakeUpstream, names: Names) -> None:
    names._answers = [["127.0.0.2", "127.0.0.1"]]
    one = await department(lambda _: [answer()])
    assert (await get(upstream(f"http://parking.gov.cn:{one.port}"))).status == 200


async def test_names_that_do_not_resolve_are_asked_for_again(
    department: StartDepartment, upstream: MakeUpstream, names: Names
) -> None:
    names._answers = [OSError("no such host"), ["127.0.0.1"]]
    one = await department(lambda _: [answer()])
    service = upstream(f"http://parking.gov.cn:{one.port}")
    with pytest.raises(UpstreamUnreachableError):
        await get(service)
    assert (await get(service)).status == 200


async def test_one_look_up_serves_all_who_wait(
    department: StartDepartment, upstream: MakeUpstream, names: Names
) -> None:
    one = await department(lambda _: [answer()])
    service = upstream(f"http://parking.gov.cn:{one.port}")
    names.gate.clear()
    calls = [asyncio.create_task(get(service)) for _ in range(5)]
    while not names.asked:
        await asyncio.sleep(0.001)
    calls[0].cancel()
    await asyncio.sleep(0.01)
    names.gate.set()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(end, asyncio.CancelledError) for end in ends] == [True, False, False, False, False]
    assert len(names.asked) == 1


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"", status, f"location: {location}\r\n")


async def test_a_redirect_to_a_forbidden_address_is_refused(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    for location in ("http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://10.0.0.1/"):
        steps: list[Step] = [redirect(location)]
        one = await department(lambda _, steps=steps: steps)  # type: ignore[misc]  # binds the loop's variable
        with pytest.raises(UpstreamRefusedAddressError):
            await get(upstream(one))


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_of_safe_methods_are_followed(
    status: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda head: [answer(b"[1]") if "/b/c?d=1 " in head else redirect("../b/c?d=1#e", status)])
    service = upstream(f"{one.url}/a")
    assert (await get(service, "/x")).body == b"[1]"
    assert [head.split()[1] for head in one.heads] == ["/a/x", "/b/c?d=1"]
    with pytest.raises(UpstreamRedirectError):
        await get(service, "/x", "POST")


@pytest.mark.case("issue-2.3")
async def test_a_redirect_loop_ends(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [redirect("/lots")])
    with pytest.raises(UpstreamRedirectError, match="more than 3"):
        await get(upstream(one))
    assert len(one.heads) == 4


async def test_another_origin_gets_no_credentials(department: StartDepartment, upstream: MakeUpstream) -> None:
    other = await department(lambda _: [answer(b"[1]")])
    one = await department(lambda _: [redirect(f"{other.url}/lots")])
    headers = (("accept", "application/json"), ("authorization", "Bearer t"), ("cookie", "a=1"), ("x-token", "t"))
    service = upstream(one, headers={"X-Api-Key": "secret"})
    assert (await get(service, headers=headers)).body == b"[1]"
    assert "x-api-key: secret\r\n" in one.heads[0]
    assert "accept: application/json\r\n" in other.heads[0]
    assert not any(word in other.heads[0].lower() for word in ("api-key", "authorization", "cookie", "x-token"))


async def test_a_redirect_by_another_origin_gets_no_credentials_either(
    department: StartDepartment, upstream: MakeUpstream
) -> None:
    paths: dict[str, Step] = {"/lots": b"", "/moved": answer(b"[1]")}
    one = await department(lambda head: [paths[head.split()[1]]])
    other = await department(lambda _: [redirect(f"{one.url}/moved")])
    paths["/lots"] = redirect(f"{other.url}/lots")
    service = upstream(one, headers={"X-Api-Key": "secret"})
    assert (await get(service, headers=(("authorization", "Bearer t"),))).body == b"[1]"
    assert ["secret" in head for head in (*one.heads, *other.heads)] == [True, False, False]
    assert "authorization" not in one.heads[1]


@pytest.mark.parametrize("location", ["ftp://a/", "http://user@a/", "javascript:1", "http://a:99999/", "http://[/"])
async def test_a_redirect_to_no_url_is_an_error(
    location: str, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [redirect(location)])
    with pytest.raises(UpstreamRedirectError):
        await get(upstream(one))
