from typing import Any

import msgspec
import pytest
from litestar import Response, post

from adapters.baidu.channel import BaiduChannel
from adapters.channel import Launch, MiniCode
from adapters.errors import LaunchRefusedError, NotOfferedError, OutcomeUnknownError
from adapters.sandbox.world import World
from tests.adapters.baidu.conftest import APP, OTHER_APP, Sandbox
from tests.adapters.simulators import serve_handlers


async def test_a_code_leads_to_its_page_with_its_scene(sandbox: Sandbox, channel: BaiduChannel) -> None:
    image = await channel.mini_code(MiniCode("pages/park/pay", "Zm9vYmFy-_0123456789AB"))
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    (text,) = sandbox.baidu.talk.codes
    assert sandbox.baidu.scanned(text) == {"path": "pages/park/pay", "scene": "Zm9vYmFy-_0123456789AB", "appKey": APP}
    assert sandbox.baidu.scanned("https://gov.example/p/1") is None


@pytest.mark.case("FM-31")
@pytest.mark.parametrize(
    "changed",
    [
        *({"scene": scene} for scene in ("", "x" * 33, "a&b", "a%20b", "停车", "a=b")),
        *({"page": page} for page in ("", "/pages/a", "pages/a?b=c", "pages//a", "页")),
        *({"width_px": width} for width in (279, 1281)),
    ],
)
async def test_codes_that_would_open_wrongly_are_refused_before_baidu_is_asked(
    channel: BaiduChannel, world: World, changed: dict[str, Any]
) -> None:
    code = msgspec.structs.replace(MiniCode("pages/a", "scene"), **changed)
    with pytest.raises(LaunchRefusedError):
        await channel.mini_code(code)
    assert not world.events


@pytest.mark.case("FM-33")
@pytest.mark.parametrize(
    "content",
    [
        b'{"errno": 0, "data": {"base64_str": ""}}',
        b'{"errno": 0, "data": {"base64_str": "eyJlcnJubyI6NDAwfQ=="}}',
        b'{"errno": 0, "data": {"base64_str": "no base64"}}',
        b'{"errno": 0, "data": []}',
        b'{"errno": 0, "data": "text"}',
        b"\x89PNG\r\n\x1a\n",
    ],
)
async def test_what_is_no_image_is_never_stored_as_one(sandbox: Sandbox, content: bytes) -> None:
    @post("/rest/2.0/smartapp/qrcode/getunlimitedv2")
    async def answer() -> Response[bytes]:
        return Response(content, status_code=200)

    async with serve_handlers([answer]) as origin:
        channel = BaiduChannel(
            sandbox.http.at(origin, "Baidu"),
            sandbox.app,
            sandbox.tokens.get,
            sandbox.tokens.failed,
            clock=sandbox.clock,
        )
        with pytest.raises(OutcomeUnknownError):
            await channel.mini_code(MiniCode("pages/a", "scene"))


@pytest.mark.case("FM-33")
@pytest.mark.parametrize("fault", ["unavailable", "slow"])
async def test_a_failed_code_is_an_error(channel: BaiduChannel, world: World, fault: Any) -> None:
    world.plan_fault("baidu.code", fault)
    with pytest.raises(OutcomeUnknownError):
        await channel.mini_code(MiniCode("pages/a", "scene"))


@pytest.mark.case("FM-31")
@pytest.mark.parametrize(
    ("given", "query", "expected"),
    [
        (Launch("mini_program", "pages/a"), {}, Launch("mini_program", "pages/a", APP)),
        (
            Launch("mini_program", "pages/a?x=1", OTHER_APP),
            {"车": "粤B &%2"},
            Launch("mini_program", "pages/a?x=1&%E8%BD%A6=%E7%B2%A4B%20%26%252", OTHER_APP),
        ),
        (
            Launch("web_view", "https://gov.example/p#top"),
            {"t": "a b"},
            Launch("web_view", "https://gov.example/p?t=a%20b#top"),
        ),
    ],
)
async def test_a_query_is_encoded_once(
    channel: BaiduChannel, given: Launch, query: dict[str, str], expected: Launch
) -> None:
    assert await channel.launch(given, query) == expected


@pytest.mark.parametrize("url", ["http://gov.example/", "https:///x", "https://user@gov.example/", "pages/a"])
async def test_web_views_are_https(channel: BaiduChannel, url: str) -> None:
    with pytest.raises(LaunchRefusedError):
        await channel.launch(Launch("web_view", url), {})


async def test_links_are_offered_once_their_form_is_configured(sandbox: Sandbox, channel: BaiduChannel) -> None:
    launch = Launch("deep_link", "pages/a")
    with pytest.raises(NotOfferedError):
        await channel.launch(launch, {})
    other = sandbox.channel(msgspec.structs.replace(sandbox.app, link_prefix="baiduboxapp://swan/{app_key}/"))
    made = await other.launch(launch, {"a": "b c"})
    assert made.target == f"baiduboxapp://swan/{APP}/pages/a?a=b%20c"
    for wrong in (Launch("deep_link", "/pages"), Launch("deep_link", "pages/a", "../x")):
        with pytest.raises(LaunchRefusedError):
            await other.launch(wrong, {})
