"""What goes wrong on the way: whether it surely failed, may have been done, or has to be mended by somebody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from litestar import Request, Response, route

from adapters.channel import Payment
from adapters.errors import (
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from adapters.http import open_http
from adapters.sandbox.rsa_keys import new_key
from adapters.sandbox.world import Fault
from adapters.wechat_pay.channel import WeChatPayments
from adapters.wechat_pay.refusals import refusal
from adapters.wechat_pay.wire import Fault as Said
from kernel.errors import YiwangError
from kernel.money import Fen
from tests.adapters.simulators import serve_handlers
from tests.adapters.wechat_pay.conftest import APP, Shop


@pytest.mark.case("FM-3")
@pytest.mark.parametrize("fault", ["error_after_work", "slow"])
async def test_what_was_done_but_not_said_is_unknown_and_the_same_again_finds_it(shop: Shop, fault: Fault) -> None:
    shop.simulator.behaviour.slow_seconds = 1.5
    order = shop.order()
    async with open_http(shop.origin, "WeChat Pay", 1.0) as http:
        channel = WeChatPayments(APP, shop.account(), http, shop.our_clock, shop.tasks.spawn)
        shop.world.plan_fault("wechat_pay.prepay", fault)
        with pytest.raises(OutcomeUnknownError):
            await channel.prepay(order)
        assert (await channel.query("order0001")).state == "pending"
        parameters = await channel.prepay(order)
        assert await shop.simulator.pay(APP, "wang", parameters) == "requestPayment:ok"
        payment = await channel.query("order0001")
        shop.world.plan_fault("wechat_pay.refund", fault)
        with pytest.raises(OutcomeUnknownError):
            await channel.refund("refund0001", payment, Fen(880), "")
        assert (await channel.refund("refund0001", payment, Fen(880), "")).state in {"pending", "done"}


@pytest.mark.case("FM-3")
async def test_of_a_503_nobody_knows_what_was_done(shop: Shop) -> None:
    shop.world.plan_fault("wechat_pay.prepay", "unavailable")
    with pytest.raises(OutcomeUnknownError, match="HTTP 503"):
        await shop.channel().prepay(shop.order())
    assert (await shop.channel().query("order0001")).state == "unknown"


@pytest.mark.case("FM-13")
@pytest.mark.parametrize("public_key", [True, False])
async def test_a_probe_is_neither_believed_nor_taken_for_a_failure(shop: Shop, public_key: bool) -> None:  # noqa: FBT001 - parametrised
    channel = shop.channel(shop.account(public_key=public_key))
    shop.world.plan_fault("wechat_pay.prepay", "bad_signature")
    with pytest.raises(OutcomeUnknownError, match="proves nothing"):
        await channel.prepay(shop.order())
    assert (await channel.query("order0001")).state == "pending"
    shop.world.plan_fault("wechat_pay.close", "bad_signature")
    with pytest.raises(OutcomeUnknownError):
        await channel.close("order0001")
    assert (await channel.query("order0001")).state == "closed"
    shop.world.plan_fault("wechat_pay.query", "bad_signature")
    with pytest.raises(OutcomeUnknownError):
        await channel.query("order0001")
    shop.world.plan_fault("wechat_pay.query", "bad_signature")
    with pytest.raises(OutcomeUnknownError):  # a probed "no such order" proves as little
        await channel.query("order0002")


@pytest.mark.case("FM-13")
async def test_with_many_probes_everything_still_gets_done(shop: Shop) -> None:
    shop.simulator.behaviour.reply_probe_share = 0.5
    channel = shop.channel()

    async def until_known(number: str) -> Payment:
        while True:
            try:
                return await channel.query(number)
            except OutcomeUnknownError:
                continue

    for number in range(5):
        order = shop.order(f"order000{number}")
        while (await until_known(order.number)).state != "paid":
            try:
                parameters = await channel.prepay(order)
            except OutcomeUnknownError:
                continue
            assert await shop.simulator.pay(APP, "wang", parameters) == "requestPayment:ok"
    assert len([each for each in shop.world.events if each.what == "pay"]) == 5


async def test_too_many_requests_are_a_quota(shop: Shop) -> None:
    shop.simulator.behaviour.most_requests_per_second = 0
    with pytest.raises(HostQuotaError, match="FREQUENCY_LIMITED"):
        await shop.channel().prepay(shop.order())


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_clock_that_is_wrong_has_to_be_mended(shop: Shop, minutes: int) -> None:
    shop.our_clock.ahead = timedelta(minutes=minutes)
    with pytest.raises(HostConfigurationError, match="timestamp"):
        await shop.channel().prepay(shop.order())


async def test_so_has_a_key_or_a_number_that_is_wrong(shop: Shop) -> None:
    account, other_key = shop.account(), new_key()
    for changed in ({"key": other_key}, {"serial": "AB12"}, {"mchid": "1900000002"}):
        merchant = msgspec.structs.replace(account.merchant, **changed)
        with pytest.raises(HostConfigurationError, match="SIGN_ERROR"):
            await shop.channel(msgspec.structs.replace(account, merchant=merchant)).prepay(shop.order())


async def test_so_has_an_app_that_is_not_the_merchants(shop: Shop) -> None:
    stranger = "wx6666666666666666"
    with pytest.raises(HostConfigurationError, match="APPID_MCHID_NOT_MATCH"):
        await shop.channel(app_id=stranger).prepay(shop.order(app_id=stranger))


async def test_without_a_connection_nothing_was_done(shop: Shop) -> None:
    async with open_http("http://127.0.0.1:1", "WeChat Pay") as http:
        channel = WeChatPayments(APP, shop.account(), http, shop.our_clock, shop.tasks.spawn)
        with pytest.raises(HostUnavailableError):
            await channel.prepay(shop.order())


@asynccontextmanager
async def saying(shop: Shop, status: int, content: object, *, signed: bool) -> AsyncIterator[WeChatPayments]:
    """Our channel against a host that gives one answer to everything."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)

    @route(["/", "/{rest:path}"], http_method=["GET", "POST"])
    async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
        keys = shop.simulator.keys
        return Response(body, status_code=status, headers=keys.sign(body, keys.public_key_id) if signed else {})

    async with serve_handlers([answer]) as origin, open_http(origin, "WeChat Pay") as http:
        yield WeChatPayments(APP, shop.account(), http, shop.our_clock, shop.tasks.spawn)


def trade(shop: Shop, **changed: object) -> dict[str, object]:
    mine = {"appid": APP, "mchid": shop.account().merchant.mchid, "out_trade_no": "order0001"}
    return {**mine, "trade_state": "SUCCESS", "amount": {"total": 880}, **changed}


@pytest.mark.parametrize(
    "changed",
    [
        {"out_trade_no": "order0002"},
        {"appid": "wx1"},
        {"mchid": "1"},
        {"trade_state": "NEWS"},
        {"amount": {"total": 880, "currency": "USD"}},
        {"amount": {"total": "880"}},
        {"success_time": "yesterday"},
    ],
)
async def test_signed_answers_about_something_else_leave_the_outcome_unknown(
    shop: Shop, changed: dict[str, object]
) -> None:
    async with saying(shop, 200, trade(shop, **changed), signed=True) as channel:
        with pytest.raises(OutcomeUnknownError):
            await channel.query("order0001")


@pytest.mark.parametrize(
    "changed", [{"out_refund_no": "refund0002"}, {"out_trade_no": "order0002"}, {"status": "NEWS"}]
)
async def test_so_do_those_about_another_refund(shop: Shop, changed: dict[str, object]) -> None:
    mine = {"out_trade_no": "order0001", "out_refund_no": "refund0001", "status": "SUCCESS"}
    answer = {**mine, "amount": {"refund": 1, "total": 880}}
    payment = Payment(number="order0001", state="paid", amount=Fen(880))
    async with saying(shop, 200, answer, signed=True) as channel:
        assert (await channel.query_refund("refund0001", payment)).state == "done"
    async with saying(shop, 200, {**answer, **changed}, signed=True) as channel:
        with pytest.raises(OutcomeUnknownError):
            await channel.query_refund("refund0001", payment)
        with pytest.raises(OutcomeUnknownError):
            await channel.refund("refund0001", payment, Fen(1), "")


async def test_an_unsigned_success_proves_nothing(shop: Shop) -> None:
    async with saying(shop, 200, trade(shop), signed=True) as channel:
        assert (await channel.query("order0001")).state == "paid"
    async with saying(shop, 200, trade(shop), signed=False) as channel:
        with pytest.raises(OutcomeUnknownError, match="proves nothing"):
            await channel.query("order0001")


@pytest.mark.parametrize("code", ["ORDERNOTEXIST", "ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"])
async def test_both_spellings_of_no_such_order(shop: Shop, code: str) -> None:
    async with saying(shop, 404, {"code": code, "message": "订单不存在"}, signed=True) as channel:
        assert (await channel.query("order0001")).state == "unknown"


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"<html>"), (302, b""), (403, b"\xff"), (400, b"[]"), (404, b'{"code":1}')]
)
async def test_a_page_of_something_in_between_is_no_word_of_wechat_pays(shop: Shop, status: int, body: bytes) -> None:
    async with saying(shop, status, body, signed=False) as channel:
        with pytest.raises(HostConfigurationError, match="refuses with HTTP"):
            await channel.query("order0001")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "PARAM_ERROR", OrderRefusedError),
        (400, "APPID_MCHID_NOT_MATCH", HostConfigurationError),
        (400, "MCH_NOT_EXISTS", HostConfigurationError),
        (400, "ORDERCLOSED", OrderRefusedError),
        (401, "SIGN_ERROR", HostConfigurationError),
        (403, "OUT_TRADE_NO_USED", OrderRefusedError),
        (403, "NOTENOUGH", OrderRefusedError),
        (403, "NOT_ENOUGH", OrderRefusedError),
        (403, "NOAUTH", HostConfigurationError),
        (403, "NO_AUTH", HostConfigurationError),
        (403, "RULELIMIT", OrderRefusedError),
        (403, "ACCOUNT_ERROR", OrderRefusedError),
        (403, "FREQUENCY_LIMITED", HostQuotaError),
        (429, "RATELIMIT_EXCEEDED", HostQuotaError),
        (429, "", HostQuotaError),
        (408, "", OutcomeUnknownError),
        (500, "SYSTEMERROR", OutcomeUnknownError),
        (500, "BANK_ERROR", OutcomeUnknownError),
        (502, "", OutcomeUnknownError),
        (400, "SYSTEM_ERROR", OutcomeUnknownError),
        (500, "OPENID_MISMATCH", OrderRefusedError),
        (500, "INVALID_TRANSACTIONID", OrderRefusedError),
        (403, "SOMETHING_NEW", OrderRefusedError),
    ],
)
def test_every_refusal_means_one_thing(status: int, code: str, expected: type[YiwangError]) -> None:
    error = refusal(status, Said(code, "说明"))
    assert type(error) is expected
    assert error.fix
