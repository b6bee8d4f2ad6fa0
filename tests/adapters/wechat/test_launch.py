from datetime import timedelta
from urllib.parse import unquote

import pytest
from litestar import Response, post
from redis.asyncio import Redis

from adapters.channel import Launch, MiniCode
from adapters.errors import HostQuotaError, LaunchRefusedError, OutcomeUnknownError
from adapters.http import HostHttp, open_http
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.wechat.quotas import Limit
from adapters.sandbox.world import World
from adapters.wechat.channel import WeChatChannel
from kernel.clock import ManualClock
from tests.adapters.simulators import serve_handlers
from tests.adapters.wechat.conftest import APP, settings_of

CODE = MiniCode("pages/park/pay", "lot-7_Gate2")


async def test_a_code_is_an_image_that_opens_its_page(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    image = await channel.mini_code(CODE)
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert wechat.scanned(f"wxcode:{APP}/pages/park/pay?lot-7_Gate2") == {
        "app_id": APP,
        "path": "pages/park/pay",
        "query": "scene=lot-7_Gate2",
        "scene": "1047",
    }
    assert wechat.scanned("https://example.com/") is None


@pytest.mark.case("FM-31")
@pytest.mark.parametrize("scene", ["", "a" * 33, "lot=1&gate=2", "lot%201", "停车场", "a b", "lot%2531", "x\n"])
async def test_scenes_are_short_and_plain(channel: WeChatChannel, world: World, scene: str) -> None:
    with pytest.raises(LaunchRefusedError) as raised:
        await channel.mini_code(MiniCode(CODE.page, scene))
    assert "random id" in raised.value.fix
    assert not world.events


@pytest.mark.case("FM-31")
@pytest.mark.parametrize("page", ["/pages/park/pay", "pages/park/pay?x=1", "", "pages//pay"])
async def test_pages_are_written_without_slash_and_query(channel: WeChatChannel, page: str) -> None:
    with pytest.raises(LaunchRefusedError, match="is written like"):
        await channel.mini_code(MiniCode(page, CODE.scene))


@pytest.mark.parametrize("width", [279, 1281])
async def test_widths_are_wechats(channel: WeChatChannel, width: int) -> None:
    with pytest.raises(LaunchRefusedError, match=str(width)):
        await channel.mini_code(MiniCode(CODE.page, CODE.scene, width))


@pytest.mark.case("FM-31")
@pytest.mark.case("FM-33")
async def test_a_page_that_is_not_released_is_an_error_and_no_image(
    channel: WeChatChannel, http: HostHttp, redis: Redis, clock: ManualClock
) -> None:
    unreleased = MiniCode("pages/new/new", "x")
    with pytest.raises(LaunchRefusedError, match="41030"):
        await channel.mini_code(unreleased)
    lenient = WeChatChannel(http, redis, clock, settings_of(check_page=False))
    assert (await lenient.mini_code(unreleased)).startswith(b"\x89PNG")


@pytest.mark.case("FM-33")
@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b"", b"{}", b'{"errcode":0,"errmsg":"ok"}', b"GIF89a", b'{"errcode":"-']
)
async def test_only_an_image_is_taken_for_an_image(redis: Redis, clock: ManualClock, body: bytes) -> None:
    @post("/cgi-bin/stable_token", status_code=200)
    async def token() -> dict[str, str]:
        return {"access_token": "t" * 20, "expires_in": "7200"}

    @post("/wxa/getwxacodeunlimit", status_code=200)
    async def code() -> Response[bytes]:
        return Response(body, media_type="image/png")

    async with serve_handlers([token, code]) as origin, open_http(origin, "WeChat") as http:
        with pytest.raises(OutcomeUnknownError):
            await WeChatChannel(http, redis, clock, settings_of()).mini_code(CODE)


async def test_too_many_codes_in_a_minute(channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock) -> None:
    wechat._openings._quotas._limits["code"] = Limit(1, 60)
    await channel.mini_code(CODE)
    with pytest.raises(HostQuotaError, match="this minute"):
        await channel.mini_code(CODE)
    clock.advance(timedelta(minutes=1))
    await channel.mini_code(CODE)


@pytest.mark.case("FM-31")
async def test_paths_are_encoded_once(channel: WeChatChannel) -> None:
    query = {"plate": "粤B 12345", "next": "a%2Fb&c"}
    path = (await channel.launch(Launch("mini_program", "pages/park/pay?a=1", "wx1"), query)).target
    assert path == "pages/park/pay?a=1&plate=%E7%B2%A4B%2012345&next=a%252Fb%26c"
    assert unquote(path.split("next=")[1]) == query["next"]
    with pytest.raises(LaunchRefusedError):
        await channel.launch(Launch("mini_program", "pages/park/pay"), {"scancode_time": "1"})


async def test_a_web_view_opens_https_only(channel: WeChatChannel) -> None:
    opened = await channel.launch(Launch("web_view", "https://city.example/tax?y=2026#top"), {"ticket": "a b"})
    assert opened.target == "https://city.example/tax?y=2026&ticket=a%20b#top"
    for target in ("http://city.example/", "javascript:alert(1)", "https://", "https://me@city.example/"):
        with pytest.raises(LaunchRefusedError):
            await channel.launch(Launch("web_view", target), {})


async def test_a_link_from_outside_opens_the_page(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    link = await channel.launch(Launch("deep_link", "pages/park/pay"), {"ticket": "停 1"})
    assert wechat.scanned(link.target) == {
        "app_id": APP,
        "path": "pages/park/pay",
        "query": "ticket=%E5%81%9C%201",
    }
    scheme = await channel.client.url_scheme("pages/park/pay", "", 1)
    opened = wechat.scanned(scheme)
    assert (scheme.startswith("weixin://dl/business/?t="), opened and opened["path"]) == (True, "pages/park/pay")


@pytest.mark.case("FM-34")
async def test_links_live_thirty_days_at_most(
    channel: WeChatChannel, wechat: SimulatedWeChat, http: HostHttp, redis: Redis, clock: ManualClock
) -> None:
    for days in (0, 31):
        with pytest.raises(LaunchRefusedError, match=str(days)):
            WeChatChannel(http, redis, clock, settings_of(link_days=days))
        with pytest.raises(LaunchRefusedError):
            await channel.client.url_link("pages/park/pay", "", days)
    link = await channel.launch(Launch("deep_link", "pages/park/pay"), {})
    clock.advance(timedelta(days=30))
    assert wechat.scanned(link.target)
    clock.advance(timedelta(seconds=1))
    assert wechat.scanned(link.target) is None


@pytest.mark.case("FM-34")
async def test_a_links_own_expiry_is_not_to_be_relied_on(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock
) -> None:
    link = await channel.client.url_link("pages/park/pay", "ticket=1", 1)
    clock.advance(timedelta(days=2))
    assert wechat.scanned(link), "so the ticket in the query has to expire by itself"


@pytest.mark.case("FM-34")
async def test_the_days_links_are_shared_with_others(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    wechat._openings._quotas._limits["link"] = Limit(1, 86_400)
    await channel.client.url_scheme("pages/park/pay", "", 30)
    with pytest.raises(HostQuotaError, match="today") as raised:
        await channel.launch(Launch("deep_link", "pages/park/pay"), {})
    assert raised.value.retryable


async def test_links_that_cannot_be_are_refused_here(channel: WeChatChannel) -> None:
    with pytest.raises(LaunchRefusedError, match="1024"):
        await channel.launch(Launch("deep_link", "pages/park/pay"), {"x": "字" * 200})
    with pytest.raises(LaunchRefusedError, match="40165"):
        await channel.launch(Launch("deep_link", "pages/new/new"), {})
    with pytest.raises(LaunchRefusedError, match="that it opens only"):
        await channel.launch(Launch("deep_link", "pages/park/pay", "wx9"), {})
