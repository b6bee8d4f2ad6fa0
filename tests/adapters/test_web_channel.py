"""The web as a channel: addresses, codes and messages, and what it does not have."""

import struct
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar import Request, Response, post

from adapters.channel import Channel, HostIdentity, Launch, Message, MiniCode, Order, Payment
from adapters.errors import HostConfigurationError, MessageRefusedError, NotOfferedError
from adapters.signed_json import Refusal, SigningKey, signature
from adapters.web.channel import WebApp, WebChannel
from adapters.web.sms import Sms, open_sms
from kernel.clock import SystemClock
from kernel.money import Fen
from kernel.settings import Settings
from tests.adapters.simulators import serve_handlers

APP = WebApp("web", "https://city.example/app/", frozenset({"https://health.example"}))
WHO = HostIdentity("web", "web", "+8613900000001")
PAID = Payment(number="n1", state="paid")


class Outbox:
    """An SmsSender that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Sms] = []

    async def send(self, sms: Sms) -> str:
        self.sent.append(sms)
        return "1"


def web(sms: Outbox | None = None) -> Channel:
    return WebChannel(APP, sms or Outbox(), lambda: "m1")


@pytest.mark.parametrize(
    ("target", "query", "address"),
    [
        ("pages/lot", {}, "https://city.example/app/pages/lot"),
        ("/pages/lot", {"plate": "粤B8&x"}, "https://city.example/app/pages/lot?plate=%E7%B2%A4B8%26x"),
        ("pages/lot?a=%26&e=", {"b": "2"}, "https://city.example/app/pages/lot?a=%26&e=&b=2"),
        ("https://health.example/x", {"a": "1"}, "https://health.example/x?a=1"),
        ("HTTPS://Health.Example/x", {}, "https://Health.Example/x"),
    ],
)
async def test_a_launch_is_an_address_encoded_once(target: str, query: dict[str, str], address: str) -> None:
    for kind in ("mini_program", "web_view", "deep_link"):
        assert await web().launch(Launch(kind, target, "wx1"), query) == Launch("web_view", address)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "javascript:alert(1)",
        "https://city.example@evil.example/",
        "https://user@city.example/",
        "http://city.example/app",
        "https://city.example.evil.example/",
        "https:\\\\evil.example",
        "a b",
        "https://city.example:444/",
    ],
)
async def test_a_launch_leads_to_known_origins_only(target: str) -> None:
    with pytest.raises(NotOfferedError):
        await web().launch(Launch("web_view", target), {})


async def test_slashes_before_a_target_lead_nowhere_else() -> None:
    assert (
        await web().launch(Launch("web_view", "//evil.example"), {})
    ).target == "https://city.example/app/evil.example"


@pytest.mark.parametrize("width", [100, 430, 1280])
async def test_a_code_is_a_png_as_wide_as_fits(width: int) -> None:
    png = await web().mini_code(MiniCode("pages/lot", "abc-DEF_1", width))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    wide, high = struct.unpack(">II", png[16:24])
    assert wide == high
    assert width / 2 < wide <= width


@pytest.mark.parametrize(
    "code", [MiniCode("p", ""), MiniCode("p", "a" * 33), MiniCode("p", "a&b"), MiniCode("p", "a", 20)]
)
async def test_codes_that_cannot_be_are_refused(code: MiniCode) -> None:
    with pytest.raises(NotOfferedError):
        await web().mini_code(code)


async def test_a_message_goes_out_as_sms() -> None:
    outbox = Outbox()
    await web(outbox).send_message(Message(to="+8613900000001", template="t", values={"a": "1"}, page="pages/lot"))
    await web(outbox).send_message(Message(to="+8613900000001", template="t", values={}))
    address = "https://city.example/app/pages/lot"
    assert outbox.sent == [
        Sms(id="m1", to="+8613900000001", template="t", values={"a": "1"}, link=address),
        Sms(id="m1", to="+8613900000001", template="t", values={}),
    ]


@pytest.mark.parametrize(
    ("number", "said", "kept"),
    [
        ("+8613900000001", "13900000001 (+8613900000001) takes none", "+86 139****0001 (+86 139****0001) takes none"),
        ("+8613900000001", "8613900000001, 139 0000 0001: none", "+86 139****0001, +86 139****0001: none"),
        ("+447700900123", "447700900123 and 00447700900123 of +447700900123", "+****0123 and +****0123 of +****0123"),
        ("+447700900123", "07700 900-123, 7700900123; code 2077009", "+****0123, +****0123; code 2077009"),
        ("+447700900123", "+44 (0)7700 900123 at 2026-12-01 10:30", "+****0123 at 2026-12-01 10:30"),
        ("+8613900000001", "139/0000/0001, 139\u00a00000\u20110001", "+86 139****0001, +86 139****0001"),
        ("+8613900000001", "139_0000_0001 %2B86%20139%2000000001", "+86 139****0001 +86 139****0001"),
        ("+8613900000001", "139    0000    0001, 139 - - 0000 - - 0001", "+86 139****0001, +86 139****0001"),
        ("+8613900000001", "139%2D0000%2D0001 139&nbsp;0000&nbsp;000&#49;", "+86 139****0001 +86 139****0001"),
        ("+8613900000001", "١٣٩٠٠٠٠٠٠٠١", "+86 139****0001"),
        ("+8613900000001", "号码１３９０００００００１不存在", "号码+86 139****0001不存在"),
        ("+8613900000001", "isv.CODE 15 13900000001, of 2026-12-01", "isv.CODE 15 +86 139****0001, of 2026-12-01"),
        ("+8613900000001", "code 100 8613900000001, 0086139 00000001", "code 100 +86 139****0001, +86 139****0001"),
        ("+8613900000001", "9" * 4_000_000, "9" * 200),
    ],
)
@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("receiver", "The SMS gateway refuses"),
        ("07700 900123 13900000001", "The SMS gateway refuses with code '{masked}'"),
    ],
)
async def test_what_a_gateway_says_of_a_number_is_said_without_it(
    number: str, said: str, kept: str, code: str, refused: str
) -> None:
    key = SigningKey("k", b"secret")

    @post("/messages")
    async def refuse(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = msgspec.json.encode(Refusal(code, said))
        signed = signature(key, request.headers["x-nonce"], "422", body=body)
        return Response(body, status_code=422, headers={"x-signature": signed})

    async with (
        serve_handlers([refuse]) as origin,
        open_sms(Settings(sms_url=origin, sms_key="k:secret"), SystemClock()) as gateway,
    ):
        assert gateway is not None
        with pytest.raises((MessageRefusedError, HostConfigurationError)) as raised:
            await gateway.send(Sms(id="m1", to=number, template="t", values={}))
    masked = {"+8613900000001": "07700 900123 +86 139****0001", "+447700900123": "+****0123 13900000001"}[number]
    assert raised.value.message == f"{refused.format(masked=masked)}: {kept}"


async def test_without_a_gateway_there_are_no_messages() -> None:
    bare = WebChannel(APP, None, lambda: "m1")
    with pytest.raises(NotOfferedError, match="no SMS gateway") as raised:
        await bare.send_message(Message(to="+8613900000001", template="t", values={}))
    assert "YIWANG_SMS_URL" in raised.value.fix


def order() -> Order:
    expires = datetime(2026, 1, 1, tzinfo=UTC)
    return Order(
        number="n1", amount=Fen(1), subject="s", payer=WHO, notify_url="https://a.example/n", expires_at=expires
    )


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.sign_in("code"),
        lambda it: it.phone_number({}, WHO),
        lambda it: it.prepay(order()),
        lambda it: it.query("n1"),
        lambda it: it.close("n1"),
        lambda it: it.refund("r1", PAID, Fen(1), "why"),
        lambda it: it.query_refund("r1", PAID),
    ],
)
async def test_what_the_web_lacks_is_said_with_where_to_go(ask: Callable[[Channel], Coroutine[Any, Any, Any]]) -> None:
    with pytest.raises(NotOfferedError) as raised:
        await ask(web())
    assert raised.value.fix


def test_nobody_calls_the_web_back() -> None:
    with pytest.raises(NotOfferedError):
        web().read_callback({}, {}, b"")


@pytest.mark.parametrize("base", ["", "city.example", "ftp://city.example", "https://", "https://city.example/?a=1"])
def test_a_base_that_is_no_address_is_refused(base: str) -> None:
    with pytest.raises(HostConfigurationError):
        WebChannel(WebApp("web", base), Outbox(), lambda: "m1")
