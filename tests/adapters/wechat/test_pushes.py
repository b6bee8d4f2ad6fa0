import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from redis.asyncio import Redis

from adapters.channel import Callback
from adapters.envelope import encrypt
from adapters.errors import HostConfigurationError, SignatureRefusedError
from adapters.http import open_http
from adapters.push import push_signature
from adapters.sandbox.wechat.apps import PushTarget
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import Fault, World
from adapters.wechat.channel import WeChatChannel
from kernel.clock import ManualClock
from tests.adapters.simulators import serve_handlers
from tests.adapters.wechat.conftest import APP, PUSH_KEY, PUSH_TOKEN, settings_of, simulated_app

AES = {"timestamp": "1", "nonce": "2", "encrypt_type": "aes"}


class OurServer:
    """Our callback URL: what it was sent, what it made of it, and how slowly it answers."""

    def __init__(self, channel: WeChatChannel) -> None:
        self.channel = channel
        self.got: list[Callback | SignatureRefusedError] = []
        self.seconds = 0.0
        self.status = 200

    async def answer(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            callback = self.channel.read_callback(headers, dict(request.query_params.items()), await request.body())
        except SignatureRefusedError as error:
            self.got.append(error)
            return Response(b"", status_code=401)
        self.got.append(callback)
        await asyncio.sleep(self.seconds)
        return Response(callback.reply, status_code=self.status, media_type=callback.reply_type)

    @property
    def ids(self) -> list[str]:
        return [each.message_id for each in self.got if isinstance(each, Callback)]

    @property
    def texts(self) -> list[str]:
        told = [each.about for each in self.got if isinstance(each, Callback)]
        return [about["Content"] for about in told if isinstance(about, Mapping)]


@pytest.fixture
async def channel(redis: Redis, clock: ManualClock) -> AsyncIterator[WeChatChannel]:
    async with open_http("http://127.0.0.1:1", "WeChat") as http:
        yield WeChatChannel(http, redis, clock, settings_of())


@pytest.fixture
async def ours(channel: WeChatChannel, wechat: SimulatedWeChat) -> AsyncIterator[OurServer]:
    server = OurServer(channel)

    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await server.answer(request)

    route = HTTPRouteHandler("/callbacks/wechat", http_method=["GET", "POST"], status_code=200)(handler)
    async with serve_handlers([route]) as origin:
        wechat.configure(simulated_app(push=PushTarget(f"{origin}/callbacks/wechat", PUSH_TOKEN, PUSH_KEY)))
        yield server


Settled = Callable[[int], Awaitable[None]]


@pytest.fixture
def attempts(world: World) -> Settled:
    """Wait until the simulator has made so many attempts."""

    async def settled(number: int) -> None:
        async with asyncio.timeout(10):
            while sum(event.what.startswith("push, attempt") for event in world.events) < number:
                await asyncio.sleep(0.01)

    return settled


async def test_the_console_accepts_our_address(wechat: SimulatedWeChat, ours: OurServer) -> None:
    assert await wechat.check_address(APP)
    assert isinstance(ours.got[0], Callback)
    wechat.configure(simulated_app(push=PushTarget("http://127.0.0.1:1/", PUSH_TOKEN, PUSH_KEY)))
    assert not await wechat.check_address(APP)


def test_an_address_check_with_another_token_is_refused(channel: WeChatChannel) -> None:
    query = {"signature": push_signature("other", "1", "2"), "timestamp": "1", "nonce": "2", "echostr": "<script>"}
    with pytest.raises(SignatureRefusedError):
        channel.read_callback({}, query, b"")


@pytest.mark.case("FM-30")
async def test_a_message_arrives_whatever_its_padding(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    """The envelope's padding is 1 to 32 bytes long."""
    target = PushTarget("http://127.0.0.1:1/", PUSH_TOKEN, PUSH_KEY)
    for text in ("停车费怎么交?", *("x" * length for length in range(1, 33))):
        message = {"FromUserName": "o1", "MsgType": "text", "Content": text, "MsgId": 7}
        query, body = wechat._pushing._written(simulated_app(), target, message, forged=False)
        callback = channel.read_callback({}, query, body)
        assert (callback.message_id, callback.reply) == ("7", b"success")
        assert callback.about == {"FromUserName": "o1", "MsgType": "text", "Content": text, "MsgId": "7"}


async def test_a_message_that_is_answered_is_sent_once(
    wechat: SimulatedWeChat, ours: OurServer, attempts: Settled
) -> None:
    wechat.say(APP, "wang", "你好")
    await attempts(1)
    await asyncio.sleep(0.4)
    assert ours.texts == ["你好"]


@pytest.mark.case("FM-30")
async def test_a_slow_answer_has_it_sent_three_times_with_one_id(
    wechat: SimulatedWeChat, ours: OurServer, attempts: Settled
) -> None:
    ours.seconds = 2.0
    wechat.say(APP, "wang", "你好")
    await attempts(3)
    assert (len(ours.ids), len(set(ours.ids))) == (3, 1)


@pytest.mark.parametrize("status", [500, 301])
async def test_so_does_an_error(wechat: SimulatedWeChat, ours: OurServer, attempts: Settled, status: int) -> None:
    ours.status = status
    wechat.say(APP, "wang", "你好")
    await attempts(3)
    assert len(ours.ids) == 3


@pytest.mark.case("FM-30")
async def test_a_forged_body_with_a_valid_signature_is_refused(
    wechat: SimulatedWeChat, ours: OurServer, world: World, attempts: Settled
) -> None:
    world.plan_fault("wechat.push", "bad_signature")
    wechat.say(APP, "wang", "你好")
    await attempts(1)
    assert isinstance(ours.got[0], SignatureRefusedError)
    assert not ours.texts


@pytest.mark.case("FM-30")
async def test_plain_messages_are_refused_though_signed(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    target = PushTarget("http://127.0.0.1:1/", PUSH_TOKEN, secure=False)
    query, body = wechat._pushing._written(simulated_app(), target, {"MsgId": 1}, forged=False)
    assert query["signature"] == push_signature(PUSH_TOKEN, query["timestamp"], query["nonce"])
    for changed in (query, query | {"encrypt_type": "aes"}, query | {"encrypt_type": "aes", "msg_signature": "0"}):
        with pytest.raises(SignatureRefusedError):
            channel.read_callback({}, changed, body)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("twice", ["一", "一", "二"]), ("never", ["二"]), ("out_of_order", ["二", "一"]), ("late", ["二", "一"])],
)
async def test_what_goes_wrong_on_purpose(
    wechat: SimulatedWeChat, ours: OurServer, attempts: Settled, world: World, *, fault: Fault, expected: list[str]
) -> None:
    world.plan_fault("wechat.push", fault)
    wechat.say(APP, "wang", "一")
    if fault == "twice":
        await attempts(2)
    wechat.say(APP, "wang", "二")
    await attempts(len(expected))
    assert ours.texts == expected
    assert len(set(ours.ids)) == len(set(expected))


def sealed(message: bytes) -> tuple[dict[str, str], bytes]:
    key = bytes(range(32))
    clear = bytes(16) + len(message).to_bytes(4) + message + APP.encode()
    text = b64encode(encrypt(key, key[:16], clear, 256)).decode()
    query = AES | {"msg_signature": push_signature(PUSH_TOKEN, "1", "2", text)}
    return query, b'{"ToUserName":"gh","Encrypt":"%s"}' % text.encode()


def test_events_are_told_apart_by_who_when_and_what(channel: WeChatChannel) -> None:
    query, body = sealed(b'{"FromUserName":"o1","CreateTime":9,"Event":"subscribe_msg_popup_event","List":[{"a":1}]}')
    callback = channel.read_callback({}, query, body)
    assert callback.message_id == "o1 9 subscribe_msg_popup_event"
    assert isinstance(callback.about, Mapping)
    assert callback.about["List"] == '[{"a":1}]'


@pytest.mark.parametrize("body", [b"", b"<xml><Encrypt>x</Encrypt></xml>", b"{}", b"[]", b'{"Encrypt":1}', b"\xff"])
def test_bodies_that_are_no_sealed_json_are_refused(channel: WeChatChannel, body: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        channel.read_callback({}, AES | {"msg_signature": push_signature(PUSH_TOKEN, "1", "2", "")}, body)


def test_so_is_xml_that_is_sealed(channel: WeChatChannel) -> None:
    with pytest.raises(SignatureRefusedError, match="no JSON"):
        channel.read_callback({}, *sealed(b'<!DOCTYPE x [<!ENTITY e "e">]><xml/>'))


def test_the_probe_of_cloud_hosting_is_answered(channel: WeChatChannel) -> None:
    assert channel.read_callback({}, {}, b'{"action":"CheckContainerPath"}') == Callback({}, "", b"success")


async def test_without_a_token_nothing_is_read(redis: Redis, clock: ManualClock) -> None:
    async with open_http("http://127.0.0.1:1", "WeChat") as http:
        channel = WeChatChannel(http, redis, clock, settings_of(push_token="", push_key=""))
        with pytest.raises(HostConfigurationError):
            channel.read_callback({}, {}, b"{}")
