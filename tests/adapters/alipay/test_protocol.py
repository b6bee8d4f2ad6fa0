import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar import Response, post
from msgspec.structs import replace

from adapters import rsa
from adapters.alipay.certificates import cert_sn
from adapters.alipay.client import AlipayClient
from adapters.alipay.trust import Trust
from adapters.alipay.wire import CreateReply, TradeReply
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    HostKeyError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from adapters.sandbox.alipay.authority import Authority
from kernel.clock import ManualClock
from kernel.errors import YiwangError
from tests.adapters.alipay.conftest import APP, CERT_APP, Alipay
from tests.adapters.platform_vectors import VECTORS, needed
from tests.adapters.simulators import serve_handlers

QUERY = "alipay.trade.query"


@asynccontextmanager
async def saying(alipay: Alipay, body: bytes, status: int = 200) -> AsyncIterator[AlipayClient]:
    """A gateway that gives one answer to everything; the client believes the simulated Alipay's key."""

    @post("/gateway.do", status_code=status)
    async def gateway() -> Response[bytes]:
        return Response(body, status_code=status, media_type="application/json")

    async with serve_handlers([gateway]) as alipay.origin:
        yield alipay.client()


def signed(alipay: Alipay, name: str, text: str) -> bytes:
    key, _ = alipay.host.console.signing_key(alipay.host.console.apps[APP])
    return f'{{"{name}":{text},"sign":"{rsa.sign(key, text.encode())}"}}'.encode()


@pytest.mark.case("FM-14")
async def test_replies_are_believed_over_their_own_characters(alipay: Alipay) -> None:
    text = '{ "code":"10000",  "out_trade_no":"P\\u0031", "trade_status":"} \\"sign\\":\\"x\\" https:\\/\\/a" }'
    async with saying(alipay, signed(alipay, "alipay_trade_query_response", text)) as client:
        reply = await client.call(QUERY, TradeReply, {})
    assert (reply.out_trade_no, reply.trade_status) == ("P1", '} "sign":"x" https://a')


@pytest.mark.case("FM-13")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>challenge</html>",
        b"\xff",
        b'{"alipay_trade_query_response":{"code":"10000"},"sign":"AAAA"}',
        b'{"alipay_trade_query_response":{"code":"10000"}}',
        b'{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}',
        b'{"alipay_trade_query_response":{"code":10000}}',
        b'{"error_response":{"code":"20000","sub_code":"isp.unknow-error"}}',
    ],
)
async def test_what_is_not_signed_by_alipay_leaves_the_outcome_unknown(alipay: Alipay, body: bytes) -> None:
    async with saying(alipay, body) as client:
        with pytest.raises(OutcomeUnknownError):
            await client.call(QUERY, TradeReply, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alipay_trade_refund_response", '{"code":"10000"}'),  # a genuine reply to something else
        ("error_response", '{"code":"10000"}'),
        ("alipay_trade_query_response", "{}"),
        ("alipay_trade_query_response", "[]"),
        ("alipay_trade_query_response", '{"code":"10000","trade_status":7}'),
        ("alipay_trade_query_response", '"bm90IGVuY3J5cHRlZA=="'),
        ("alipay_trade_query_response", '{"code":"77777"}'),
    ],
)
async def test_nor_is_a_signed_reply_believed_that_makes_no_sense(alipay: Alipay, name: str, text: str) -> None:
    async with saying(alipay, signed(alipay, name, text)) as client:
        with pytest.raises(OutcomeUnknownError):
            await client.call(QUERY, TradeReply, {})


@pytest.mark.case("FM-25")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"code":"40002","sub_code":"isv.code-invalid"}', CodeRefusedError),
        ('{"code":"20001","sub_code":"aop.invalid-auth-token"}', CodeRefusedError),
        ('{"code":"20001"}', CodeRefusedError),
        ('{"code":"40003","sub_code":"isv.invalid-auth-relations"}', CodeRefusedError),
        ('{"code":"40002","sub_code":"isv.invalid-app-id"}', HostConfigurationError),
        ('{"code":"40006","sub_code":"isv.insufficient-isv-permissions"}', HostConfigurationError),
    ],
)
async def test_errors_of_the_gateway_come_unsigned_under_a_name_of_their_own(
    alipay: Alipay, text: str, error: type[YiwangError]
) -> None:
    async with saying(alipay, f'{{"error_response":{text}}}'.encode()) as client:
        with pytest.raises(error):
            await client.call("alipay.system.oauth.token", CreateReply)


@pytest.mark.case("FM-18")
@pytest.mark.parametrize(
    ("sub_code", "error"),
    [
        ("ACQ.SYSTEM_ERROR", OutcomeUnknownError),
        ("ACQ.ACCESS_FORBIDDEN", HostConfigurationError),
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", OrderRefusedError),
        ("ACQ.NEW <script>", OrderRefusedError),
        ("", OutcomeUnknownError),
    ],
)
async def test_business_refusals_are_told_apart(alipay: Alipay, sub_code: str, error: type[YiwangError]) -> None:
    text = f'{{"code":"40004","sub_code":"{sub_code}","sub_msg":"private words"}}'
    async with saying(alipay, signed(alipay, "alipay_trade_query_response", text)) as client:
        with pytest.raises(error) as raised:
            await client.call(QUERY, TradeReply, {})
    assert "private" not in f"{raised.value.message} {raised.value.fix}"
    assert "<" not in raised.value.message


@pytest.mark.case("FM-20")
async def test_an_app_key_that_a_colleague_has_changed_is_said_without_the_request(alipay: Alipay) -> None:
    client = alipay.client(key=alipay.host.console.app_key(CERT_APP))
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-signature") as raised:
        await client.call(QUERY, TradeReply, {"out_trade_no": "PRIVATE"})
    assert "PRIVATE" not in f"{raised.value.message} {raised.value.fix}"
    assert "keys" in raised.value.fix


async def test_an_unknown_app_is_refused_without_a_signature(alipay: Alipay) -> None:
    client = alipay.client()
    client.app = replace(client.app, app_id="2021000000000009")
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-app-id"):
        await client.call(QUERY, TradeReply, {"out_trade_no": "P1"})
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-method"):
        await alipay.client().call("alipay.no.such", TradeReply, {})


@pytest.mark.parametrize("app_id", [APP, CERT_APP])
async def test_content_is_encrypted_both_ways_if_the_app_wants_it(alipay: Alipay, app_id: str) -> None:
    channel = alipay.channel(app_id, encrypts=True)
    await channel.prepay(await alipay.order("P1", payer=await alipay.identity("wang", app_id)))
    assert (await channel.query("P1")).state == "pending"
    assert (await channel.query("P2")).state == "unknown"  # refusals come in clear
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-encrypt"):
        await alipay.channel(app_id, encrypts=True, content_key="AAAAAAAAAAAAAAAAAAAAAA==").query("P1")


async def test_settings_never_show_their_secrets(alipay: Alipay) -> None:
    settings, _ = alipay.host.console.credentials(APP)
    assert repr(settings) == f"AlipayApp({APP})"


@pytest.mark.parametrize(
    "changed", [{"content_key": "c2hvcnQ="}, {"content_key": "?"}, {"content_key": "", "encrypts": True}]
)
async def test_a_content_key_that_is_none_is_said_at_once(alipay: Alipay, changed: dict[str, Any]) -> None:
    with pytest.raises(HostKeyError, match="content key"):
        alipay.client(**changed)


@pytest.mark.case("FM-20")
async def test_many_calls_at_once_fetch_a_renewed_certificate_once(alipay: Alipay) -> None:
    channel = alipay.channel(CERT_APP)
    alipay.host.console.rotate_certificate()
    found = await asyncio.gather(*(channel.query(f"P{number}") for number in range(10)))
    assert {each.state for each in found} == {"unknown"}
    assert len([each for each in alipay.world.events if each.what == "alipay.open.app.alipaycert.download"]) == 1


@pytest.mark.case("FM-20")
async def test_a_certificate_that_alipay_renews_is_fetched_and_believed(alipay: Alipay) -> None:
    channel = alipay.channel(CERT_APP)
    alipay.channels[CERT_APP] = channel
    handed = await channel.prepay(await alipay.order("P1", payer=await alipay.identity("wang", CERT_APP)))
    alipay.host.console.rotate_certificate()
    await alipay.host.pay(CERT_APP, "wang", handed)  # its first notice comes before the certificate is known
    assert (await channel.query("P1")).state == "paid"
    downloads = [each for each in alipay.world.events if each.what == "alipay.open.app.alipaycert.download"]
    assert len(downloads) == 1
    await channel.query("P1")
    await alipay.silence()
    assert len([each for each in alipay.world.events if each.what == "alipay.open.app.alipaycert.download"]) == 1
    assert len(alipay.callbacks) == 1


@pytest.mark.case("FM-20")
async def test_a_certificate_that_cannot_be_fetched_is_asked_for_seldom(
    alipay: Alipay, caplog: pytest.LogCaptureFixture
) -> None:
    channel = alipay.channel(CERT_APP)
    alipay.host.console.rotate_certificate()
    alipay.world.plan_fault("alipay.open.app.alipaycert.download", "unavailable")
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(OutcomeUnknownError):
                await channel.query("P1")
    assert alipay.world.planned_faults() == {}
    assert len([each for each in caplog.messages if "new certificate" in each]) == 1
    alipay.clock.advance(timedelta(seconds=30))
    assert (await channel.query("P1")).state == "unknown"


@pytest.mark.case("FM-20")
async def test_a_renewed_certificate_has_to_be_alipays_and_below_its_root(alipay: Alipay) -> None:
    console = alipay.host.console
    _, trust = console.credentials(CERT_APP)
    merchant = console.app_certificate(CERT_APP)
    stranger = Authority(alipay.clock).issue_alipay("Sandbox City", "2088000000000001")
    renewed = console.rotate_certificate()
    below_merchant = merchant + stranger.pem
    for pem, what in ((merchant, "someone else's"), (below_merchant, "someone else's"), (stranger.pem, "No root")):
        with pytest.raises(HostKeyError, match=what):
            trust.learn(cert_sn(pem), pem)
    with pytest.raises(HostKeyError, match="another certificate"):
        trust.learn("0" * 32, renewed.pem)
    with pytest.raises(HostKeyError, match="certificate mode"):
        Trust.by_key(console.public_key()).learn(renewed.number, renewed.pem)
    alone = renewed.pem[: renewed.pem.index(b"-----END") + 25] + b"\n"
    trust.learn(renewed.number, alone)  # the one above it came with the settings
    alipay.clock.advance(timedelta(days=6 * 365))
    with pytest.raises(HostKeyError, match="not valid now"):
        trust.learn(renewed.number, renewed.pem)


@needed
async def test_a_published_certificate_needs_the_one_between_it_and_the_root() -> None:
    pem = VECTORS["alipay.cert_sn.alipayCertPublicKey_RSA2.crt"]["certificate_pem"].encode()
    roots = VECTORS["alipay.root_cert_sn"]["root_chain_pem"].encode()
    app = VECTORS["alipay.cert_sn.appCertPublicKey_2021001161683774.crt"]["certificate_pem"].encode()
    trust = Trust.by_certificates(app, pem, roots, ManualClock(datetime(2021, 6, 1, tzinfo=UTC)))
    assert trust.parameters["alipay_root_cert_sn"] == VECTORS["alipay.root_cert_sn"]["expected_sn"]
    assert trust.knows(cert_sn(pem))
    with pytest.raises(HostKeyError, match="No root"):
        trust.learn(cert_sn(pem), pem)
    with pytest.raises(HostKeyError, match="someone else's"):
        trust.learn(cert_sn(app), app)


async def test_apps_in_certificate_mode_have_to_name_their_certificates(alipay: Alipay) -> None:
    client = alipay.client(CERT_APP)
    client.trust.parameters.clear()
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-app-cert-sn"):
        await client.call(QUERY, TradeReply, {"out_trade_no": "P1"})
