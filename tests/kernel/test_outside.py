"""Addresses that others chose never lead into our own networks (SSRF), nor hold us up."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Protocol

import pytest
from aiohttp import web

from kernel.networks import AddressRefusedError, BadUrlError
from kernel.outside import Outside, OutsideFailedError

pytestmark = pytest.mark.case("SSO-27")
LOOPBACK = (ip_network("127.0.0.0/8"),)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Serve(Protocol):
    def __call__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> Awaitable[str]: ...


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers on loopback that answer every request by a handler; returns the origin."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        return f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def _hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


def _with_name(origin: str) -> str:
    return origin.replace("127.0.0.1", "keys.example")


async def test_an_opened_network_is_reached_without_tls(serve: Serve) -> None:
    assert await Outside(LOOPBACK).get(await serve(_hello) + "/jwks") == b"hello"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.10",
        "localhost",
        "api.localhost",
        "0.0.0.0",  # noqa: S104 - it is refused
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "[fd00::1]",
        "169.254.169.254",
        "100.100.100.200",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "224.0.0.1",
    ],
)
async def test_addresses_of_special_networks_are_refused(host: str) -> None:
    with pytest.raises(AddressRefusedError):
        await Outside(()).get(f"https://{host}/jwks")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "inside.example", "127.0.0.1."])
async def test_what_resolves_to_our_own_networks_is_refused(host: str) -> None:
    outside = Outside((), look_up=lambda _host, _port: ["93.184.215.14", "127.0.0.1"])
    with pytest.raises(AddressRefusedError):
        await outside.get(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://user:secret@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://exam ple.com/",
        "//example.com/",
        "https:///jwks",
        "",
    ],
)
async def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrlError) as refused:
        await Outside(LOOPBACK).get(url)
    assert "secret" not in refused.value.message


async def test_http_is_for_opened_networks_only() -> None:
    outside = Outside(LOOPBACK, look_up=lambda _host, _port: ["93.184.215.14"])
    with pytest.raises(BadUrlError, match="without TLS"):
        await outside.get("http://keys.example/jwks")


async def test_a_name_is_looked_up_once_and_only_that_answer_is_used(serve: Serve) -> None:
    """DNS rebinding: the first answer is harmless, the second would be another host."""
    origin = await serve(_hello)
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    asked: list[str] = []

    def rebind(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    outside = Outside(LOOPBACK, look_up=rebind)
    assert await outside.get(_with_name(origin)) == b"hello"
    assert asked == ["keys.example"]
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1"):
        await outside.get(_with_name(origin))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(serve: Serve, status: int) -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status, headers={"location": "/elsewhere"})

    outside = Outside(LOOPBACK)
    origin = await serve(redirect)
    with pytest.raises(OutsideFailedError, match=f"answered {status}, a redirect, which is not followed"):
        await outside.get(origin + "/here")
    with pytest.raises(OutsideFailedError, match="not followed"):
        await outside.post_form(origin + "/there", {})
    assert asked == ["/here", "/there"]


async def test_too_long_an_answer_is_not_read_to_its_end(serve: Serve) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(2000):
            await answer.write(b" " * 65536)
            sent += 65536
        return answer

    with pytest.raises(OutsideFailedError, match="more than 1,000 bytes"):
        await Outside(LOOPBACK, most_bytes=1000).get(await serve(endless))
    assert sent < 2000 * 65536


async def test_a_packed_answer_stays_packed(serve: Serve) -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["accept-encoding"] == "identity"
        answer = web.Response(body=b" " * 10_000_000)
        answer.enable_compression(web.ContentCoding.gzip)
        return answer

    assert len(await Outside(LOOPBACK).get(await serve(bomb))) < 20_000


@pytest.mark.parametrize("first", [b"", b"{"])
async def test_a_slow_answer_is_not_waited_for(serve: Serve, first: bytes) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if first:
            await answer.prepare(request)
            await answer.write(first)
        await asyncio.sleep(60)
        return answer

    with pytest.raises(OutsideFailedError, match=r"no whole answer within 0\.2 s"):
        await Outside(LOOPBACK, seconds=0.2).get(await serve(slow))


async def test_a_proxy_of_the_environment_is_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert await Outside(LOOPBACK).get(await serve(_hello)) == b"hello"


async def test_a_form_is_posted(serve: Serve) -> None:
    seen: list[tuple[str, str, dict[str, object]]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.method, request.content_type, dict(await request.post())))
        return web.Response(status=204 if "204" in request.path else 200)

    outside = Outside(LOOPBACK)
    origin = await serve(take)
    await outside.post_form(origin + "/200", {"logout_token": "a.b+c"})
    await outside.post_form(origin + "/204", {"logout_token": "a.b+c"})
    assert seen == [("POST", "application/x-www-form-urlencoded", {"logout_token": "a.b+c"})] * 2


async def test_errors_say_what_happened_but_neither_path_nor_answer(serve: Serve) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=500, text="the database's password is hunter2")

    with pytest.raises(OutsideFailedError, match="answered 500") as failed:
        await Outside(LOOPBACK).get(await serve(refuse) + "/token/s3cret")
    assert "s3cret" not in str(failed.value)
    assert "hunter2" not in str(failed.value)


async def test_what_cannot_be_reached_says_so(unused_tcp_port: int) -> None:
    with pytest.raises(OutsideFailedError, match="cannot be reached"):
        await Outside(LOOPBACK).get(f"http://127.0.0.1:{unused_tcp_port}/")

    def unknown(host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(OutsideFailedError, match="a name that nobody knows"):
        await Outside(LOOPBACK, look_up=unknown).get("https://gone.example/")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for keys.example that is its own authority."""
    if not shutil.which("openssl"):
        pytest.skip("the openssl command is not installed")
    folder = tmp_path_factory.mktemp("outside")
    key, found = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=keys", "-addext", "subjectAltName=DNS:keys.example", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", found], check=True, capture_output=True)  # noqa: S603 - a test's own command
    return found, key


async def test_https_is_verified_by_the_name_that_was_registered(serve: Serve, certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    origin = await serve(_hello, context)
    trusting = ssl.create_default_context(cafile=certificate[0])

    def outside(tls: ssl.SSLContext | None) -> Outside:
        return Outside(LOOPBACK, tls=tls, look_up=lambda _host, _port: ["127.0.0.1"])

    assert await outside(trusting).get(_with_name(origin)) == b"hello"
    for url, tls in ((_with_name(origin), None), (origin, trusting)):
        with pytest.raises(OutsideFailedError, match="no certificate that can be trusted"):
            await outside(tls).get(url)
