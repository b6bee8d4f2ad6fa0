"""What is sent: exactly one request, whatever the caller put into it."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.errors import UpstreamBadRequestError, UpstreamMisconfiguredError
from gateway.upstream.head import HeadComposer
from gateway.upstream.resolver import Resolver
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.upstream import Upstream
from kernel.networks import split_url
from supergraph.wire import Request
from tests.upstream.conftest import MakeUpstream, StartDepartment, get
from tests.upstream.department import answer

COMPOSER = HeadComposer("parking", split_url("https://parking.gov.cn/api"), {"X-Key": "k"})
HEAD = re.compile(rb"[A-Z]+ /[!-~]* HTTP/1\.1\r\n([!#-'*+.^-z|~0-9-]+: [^\x00-\x1f\x7f]*\r\n)+\r\n")


async def test_a_request_arrives_as_it_was_made(department: StartDepartment, upstream: MakeUpstream) -> None:
    one = await department(lambda _: [answer()])
    service = upstream(f"{one.url}/api/", headers={"X-Key": "k", "User-Agent": "city"})
    headers = (("accept", "application/json"), ("x-key", "forged"), ("x-name", "停车"))
    await get(service, "/lots?q=a%20b", "POST", headers=headers, body=b'{"a":1}')
    line, *rest = one.heads[0].split("\r\n")
    assert line == "POST /api/lots?q=a%20b HTTP/1.1"
    assert sorted(header.lower() for header in rest if header) == sorted(
        [
            f"host: 127.0.0.1:{one.port}",
            "user-agent: city",
            "accept-encoding: identity",
            "x-key: k",
            "accept: application/json",
            "x-name: 停车",
            "content-length: 7",
        ]
    )
    assert one.bodies == [b'{"a":1}']


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("DELETE", b"", 0), ("POST", b"", 0), ("PUT", b"", 0), ("GET", b"{}", 2)],
)
async def test_a_length_is_sent_where_a_body_may_be(
    method: str, body: bytes, length: int | None, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [answer()])
    await get(upstream(one), method=method, body=body)
    found = re.search(r"content-length: (\d+)", one.heads[0].lower())
    assert (int(found[1]) if found else None) == length
    assert "transfer-encoding" not in one.heads[0].lower()


HOSTILE = [
    Request("GET", "/a b"),
    Request("GET", "/a\r\nx: y"),
    Request("GET", "/a\x00"),
    Request("GET", "/停车"),
    Request("GET", "a"),
    Request("GET", "http://other/"),
    Request("GET", ""),
    Request("GE T", "/"),
    Request("CONNECT", "/"),
    Request("get", "/"),
    Request("GET\r\n", "/"),
    Request("", "/"),
    *(
        Request("GET", "/", (header,))
        for header in [
            ("x-a", "1\r\nx-b: 2"),
            ("x-a", "1\n"),
            ("x-a", "1\x00"),
            ("x-a", "1\x7f"),
            ("x-a", "\ud800"),
            ("x-a\r\nx-b", "1"),
            ("x a", "1"),
            ("x-a:", "1"),
            ("", "1"),
            ("X-Key", "forged by its case"),
            ("host", "other"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("connection", "close"),
            ("expect", "100-continue"),
            ("upgrade", "h2c"),
        ]
    ),
]


@pytest.mark.case("issue-2.6")
@pytest.mark.parametrize("request_", HOSTILE, ids=repr)
async def test_hostile_requests_are_never_sent(
    request_: Request, department: StartDepartment, upstream: MakeUpstream
) -> None:
    one = await department(lambda _: [answer()])
    service = upstream(one)
    with pytest.raises(UpstreamBadRequestError):
        await service.call(request_, asyncio.get_running_loop().time() + 5)
    assert one.heads == []
    assert service.open_since is None


@given(
    st.builds(
        Request,
        method=st.sampled_from(["GET", "POST"]) | st.text(max_size=4),
        target=st.text(max_size=12).map("/".__add__),
        headers=st.lists(
            st.tuples(st.sampled_from(["x-a", "cookie"]) | st.text(max_size=6), st.text(max_size=12)), max_size=3
        ).map(tuple),
    )
)
def test_whatever_is_composed_is_one_head(request_: Request) -> None:
    try:
        head = COMPOSER.compose(request_)
    except UpstreamBadRequestError:
        return
    assert HEAD.fullmatch(head), head
    assert head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r")


def test_fixed_headers_are_checked_too() -> None:
    with pytest.raises(UpstreamBadRequestError):
        HeadComposer("parking", split_url("http://parking.gov.cn"), {"x-key": "a\r\nb: c"})


@pytest.mark.parametrize(
    "settings_",
    [
        UpstreamSettings(url="http://parking.gov.cn/api?key=secret"),
        UpstreamSettings(url="http://secret@parking.gov.cn/"),
        UpstreamSettings(url="parking.gov.cn/secret"),
        UpstreamSettings(url="http://parking.gov.cn", headers={"x-key": "secret\r\n"}),
        UpstreamSettings(url="http://parking.gov.cn", allow=("10.0.0.0/99",)),
        UpstreamSettings(url="http://parking.gov.cn", allow=("10.0.0.0/99",), client="aiohttp"),
    ],
    ids=repr,
)
async def test_unusable_settings_are_an_error_of_the_service(settings_: UpstreamSettings) -> None:
    with pytest.raises(UpstreamMisconfiguredError) as caught:
        Upstream("parking", settings_, Resolver())
    assert "secret" not in caught.value.message + caught.value.fix
