"""A simulated WeChat over a real socket, and the channel to one of its mini-programs."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.http import HostHttp, open_http
from adapters.sandbox.wechat.apps import SimulatedApp, Template
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.wechat.app import WeChatApp
from adapters.wechat.channel import WeChatChannel
from kernel.clock import ManualClock
from tests.adapters.simulators import serve

APP = "wx0123456789abcdef"
OTHER_APP = "wxfedcba9876543210"
SECRET = "5ec4e7" * 5
PUSH_TOKEN = "token of the console"
PUSH_KEY = b64encode(bytes(range(32))).decode()[:43]
TEMPLATE = "template-of-parking"
PAGES = frozenset({"pages/index/index", "pages/park/pay"})
KEYWORDS = {"thing1": "地点", "time2": "时间", "amount3": "金额", "car_number4": "车牌"}
VALUES = {"thing1": "人民路停车场", "time2": "2026年11月25日 15:01", "amount3": "¥12.5元", "car_number4": "粤BD12345"}


def simulated_app(**changes: Any) -> SimulatedApp:
    settings: dict[str, Any] = {
        "app_id": APP,
        "name": "市民通",
        "secret": SECRET,
        "owner": "the city",
        "pages": PAGES,
        "templates": {TEMPLATE: Template("停车缴费通知", KEYWORDS)},
    }
    return SimulatedApp(**(settings | changes))


@pytest.fixture
def wechat(world: World) -> SimulatedWeChat:
    other = simulated_app(app_id=OTHER_APP, name="停车")
    return SimulatedWeChat(world, [simulated_app(), other], push_seconds=1.5, slow_seconds=3.0)


@pytest.fixture
async def http(wechat: SimulatedWeChat) -> AsyncIterator[HostHttp]:
    async with serve([wechat]) as origin, open_http(f"{origin}/wechat", "WeChat", seconds=2.0) as opened:
        yield opened


def settings_of(**changes: Any) -> WeChatApp:
    settings: dict[str, Any] = {"app_id": APP, "secret": SECRET, "push_token": PUSH_TOKEN, "push_key": PUSH_KEY}
    return WeChatApp(**(settings | changes))


@pytest.fixture
def channel(http: HostHttp, redis: Redis, clock: ManualClock) -> WeChatChannel:
    return WeChatChannel(http, redis, clock, settings_of())
