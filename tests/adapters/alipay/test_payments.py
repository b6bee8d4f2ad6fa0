from datetime import timedelta

import pytest
from msgspec.structs import replace

from adapters.channel import HostIdentity, Payment, Refund
from adapters.errors import (
    HostConfigurationError,
    HostUnavailableError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from adapters.http import open_http
from adapters.sandbox.world import Fault
from kernel.money import Fen
from tests.adapters.alipay.conftest import APP, CERT_APP, OLD_APP, Alipay


async def test_an_order_is_created_paid_and_found(alipay: Alipay) -> None:
    order = await alipay.order("P1")
    handed = await alipay.channel().prepay(order)
    assert (await alipay.channel().query("P1")).state == "pending"
    assert await alipay.host.pay(APP, "wang", handed) == "9000"
    found = await alipay.channel().query("P1")
    assert (found.number, found.state, found.amount, found.payer) == ("P1", "paid", 510, order.payer.subject)
    assert found.transaction == handed["tradeNO"]
    assert found.paid_at == alipay.clock.now()


@pytest.mark.parametrize("app_id", [OLD_APP, CERT_APP])
async def test_payers_are_named_by_what_their_app_knows_of_them(alipay: Alipay, app_id: str) -> None:
    payer = await alipay.identity("li", app_id)
    channel = alipay.channel(app_id)
    handed = await channel.prepay(await alipay.order("P1", payer=payer))
    await alipay.host.pay(app_id, "li", handed)
    assert (await channel.query("P1")).payer == payer.subject


@pytest.mark.case("FM-11")
@pytest.mark.parametrize("fen", [1, 7, 29, 510, 1999, 115, 10_000_000_000])
async def test_amounts_travel_as_exact_yuan(alipay: Alipay, fen: int) -> None:
    await alipay.paid("P1", fen)
    found = await alipay.channel().query("P1")
    assert found.amount == fen
    if fen <= 100_000_000:
        assert (await alipay.channel().refund("R1", found, Fen(fen), "退款")).amount == fen


@pytest.mark.case("FM-11")
@pytest.mark.parametrize("fen", [0, -1, 10_000_000_001])
async def test_what_costs_nothing_or_too_much_never_reaches_alipay(alipay: Alipay, fen: int) -> None:
    order = await alipay.order("P1", fen)
    before = len(alipay.world.events)
    with pytest.raises(OrderRefusedError):
        await alipay.channel().prepay(order)
    with pytest.raises(OrderRefusedError):
        await alipay.channel().refund("R1", Payment(number="P1", state="paid"), Fen(fen), "")
    assert len(alipay.world.events) == before


@pytest.mark.case("FM-17")
async def test_a_notify_url_with_a_query_is_refused_before_notices_are_lost(alipay: Alipay) -> None:
    order = await alipay.order("P1")
    for url in ("", "https://city.example/notify?app=1"):
        with pytest.raises(OrderRefusedError):
            await alipay.channel().prepay(replace(order, notify_url=url))
    with pytest.raises(OrderRefusedError, match="payer"):
        await alipay.channel().prepay(replace(order, payer=HostIdentity("wechat", "wx1", "o1")))


@pytest.mark.case("FM-3")
@pytest.mark.parametrize("fault", ["error_after_work", "never", "slow", "bad_signature"])
async def test_work_that_was_done_unheard_is_unknown_and_the_same_again_ends_well(alipay: Alipay, fault: Fault) -> None:
    order = await alipay.order("P1")
    alipay.world.plan_fault("alipay.trade.create", fault)
    async with alipay.impatient():
        with pytest.raises(OutcomeUnknownError):
            await alipay.channel().prepay(order)
    assert (await alipay.channel().query("P1")).state == "pending"
    handed = await alipay.channel().prepay(order)
    assert await alipay.host.pay(APP, "wang", handed) == "9000"


@pytest.mark.case("FM-3")
@pytest.mark.parametrize("fault", ["error_after_work", "never", "bad_signature"])
async def test_a_refund_unheard_moves_money_once(alipay: Alipay, fault: Fault) -> None:
    await alipay.paid("P1")
    paid = await alipay.channel().query("P1")
    alipay.world.plan_fault("alipay.trade.refund", fault)
    with pytest.raises(OutcomeUnknownError):
        await alipay.channel().refund("R1", paid, Fen(300), "退款")
    again = await alipay.channel().refund("R1", paid, Fen(300), "退款")
    assert again == Refund(number="R1", order="P1", state="done", amount=Fen(300))
    assert (await alipay.channel().refund("R2", paid, Fen(210), "退款")).state == "done"  # so 300 moved once


async def test_a_gateway_out_of_order_is_unknown_and_one_out_of_reach_is_not(alipay: Alipay) -> None:
    alipay.world.plan_fault("alipay.trade.query", "unavailable")
    with pytest.raises(OutcomeUnknownError, match="HTTP 502"):
        await alipay.channel().query("P1")
    async with open_http("http://127.0.0.1:1", "Alipay") as http:
        alipay.http, alipay.origin = http, "http://127.0.0.1:1"
        with pytest.raises(HostUnavailableError):
            await alipay.channel().query("P1")


@pytest.mark.case("FM-5")
async def test_an_order_that_nobody_has_opened_is_unknown_and_not_unpaid(alipay: Alipay) -> None:
    alipay.host.console.apps[APP].exists_when_opened = True
    handed = await alipay.channel().prepay(await alipay.order("P1"))
    assert (await alipay.channel().query("P1")).state == "unknown"
    await alipay.channel().close("P1")
    assert (await alipay.channel().query("P1")).state == "unknown"  # so nobody believes that it is closed
    assert await alipay.host.pay(APP, "wang", handed) == "9000"
    assert (await alipay.channel().query("P1")).state == "paid"


async def test_closing_is_only_for_what_is_unpaid(alipay: Alipay) -> None:
    handed = await alipay.channel().prepay(await alipay.order("P1"))
    await alipay.channel().close("P1")
    await alipay.channel().close("P1")
    assert (await alipay.channel().query("P1")).state == "closed"
    assert await alipay.host.pay(APP, "wang", handed) == "4000"
    await alipay.paid("P2")
    with pytest.raises(OrderRefusedError, match=r"ACQ\.TRADE_STATUS_ERROR"):
        await alipay.channel().close("P2")


async def test_an_order_expires_at_the_time_it_says_in_beijing(alipay: Alipay) -> None:
    await alipay.channel().prepay(await alipay.order("P1"))
    alipay.clock.advance(timedelta(minutes=14, seconds=59))
    assert (await alipay.channel().query("P1")).state == "pending"
    alipay.clock.advance(timedelta(seconds=1))
    assert (await alipay.channel().query("P1")).state == "closed"


@pytest.mark.case("FM-8")
async def test_closed_means_timed_out_or_refunded_and_they_are_told_apart(alipay: Alipay) -> None:
    await alipay.channel().prepay(await alipay.order("P1"))
    alipay.clock.advance(timedelta(hours=1))
    await alipay.paid("P2")
    paid = await alipay.channel().query("P2")
    await alipay.channel().refund("R1", paid, Fen(510), "退款")
    assert (await alipay.channel().query("P1")).state == "closed"
    assert (await alipay.channel().query("P2")).state == "refunded"
    await alipay.paid("P3")
    alipay.host.trades.finish(APP, "P3")
    assert (await alipay.channel().query("P3")).state == "paid"
    with pytest.raises(OrderRefusedError, match=r"ACQ\.TRADE_STATUS_ERROR"):
        await alipay.channel().refund("R3", paid_as("P3"), Fen(1), "")


def paid_as(number: str) -> Payment:
    return Payment(number=number, state="paid")


@pytest.mark.case("FM-7")
async def test_a_refund_that_is_accepted_is_not_done(alipay: Alipay) -> None:
    await alipay.paid("P1")
    alipay.world.plan_fault("alipay.refund", "late")
    channel, order = alipay.channel(), paid_as("P1")
    pending = Refund(number="R1", order="P1", state="pending", amount=Fen(100))
    assert await channel.refund("R1", order, Fen(100), "退款") == pending
    assert await channel.query_refund("R1", order) == pending
    alipay.host.trades.finish_refunds()
    assert (await channel.query_refund("R1", order)).state == "done"
    assert (await channel.refund("R1", order, Fen(100), "退款")).state == "done"  # fund_change N, asked instead


@pytest.mark.case("FM-7")
async def test_a_refund_number_is_the_key_and_keeps_its_amount(alipay: Alipay) -> None:
    await alipay.paid("P1")
    channel, order = alipay.channel(), await alipay.channel().query("P1")
    await channel.refund("R1", order, Fen(100), "退款")
    with pytest.raises(OrderRefusedError, match="DISCORDANT") as raised:
        await channel.refund("R1", order, Fen(101), "退款")
    assert "another amount" in raised.value.fix
    with pytest.raises(OrderRefusedError, match="More is to be refunded"):
        await channel.refund("R2", order, Fen(511), "退款")
    with pytest.raises(OrderRefusedError, match="REFUND_AMT_NOT_EQUAL_TOTAL"):
        await channel.refund("R2", order, Fen(411), "退款")
    assert await channel.query_refund("R2", order) == Refund(number="R2", order="P1", state="unknown")
    assert (await channel.query_refund("R1", paid_as("P9"))).state == "unknown"


@pytest.mark.case("FM-19")
async def test_a_payer_of_another_app_of_ours_is_named_with_that_app(alipay: Alipay) -> None:
    payer = await alipay.identity("li", CERT_APP)
    handed = await alipay.channel().prepay(await alipay.order("P1", payer=payer))
    assert await alipay.host.pay(CERT_APP, "li", handed) == "9000"
    with pytest.raises(OrderRefusedError, match=r"ACQ\.TRADE_BUYER_NOT_MATCH"):
        await alipay.channel().prepay(await alipay.order("P2", payer=HostIdentity("alipay", APP, payer.subject)))


async def test_a_number_is_one_order_for_ever(alipay: Alipay) -> None:
    order = await alipay.order("P1")
    handed = await alipay.channel().prepay(order)
    assert await alipay.channel().prepay(order) == handed
    with pytest.raises(OrderRefusedError, match=r"ACQ\.CONTEXT_INCONSISTENT"):
        await alipay.channel().prepay(replace(order, amount=Fen(1)))
    await alipay.host.pay(APP, "wang", handed)
    with pytest.raises(OrderRefusedError, match=r"ACQ\.TRADE_HAS_SUCCESS"):
        await alipay.channel().prepay(order)


@pytest.mark.case("FM-16")
async def test_times_are_beijings_wherever_we_run_and_a_wrong_clock_is_said(alipay: Alipay) -> None:
    await alipay.channel().query("P1")
    ours = alipay.channel()
    ahead = type(alipay.clock)(alipay.clock.now() + timedelta(hours=8))
    ours._client._clock = ahead
    with pytest.raises(HostConfigurationError, match=r"isv\.invalid-timestamp"):
        await ours.query("P1")
