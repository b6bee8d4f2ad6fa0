"""The ways in which hosts lose money, each by its number in the facts; the order and the ledger end right."""

import asyncio
from datetime import timedelta

import pytest

from adapters.errors import OutcomeUnknownError
from adapters.sandbox.development import APPS
from adapters.sandbox.world import Fault
from tests.payments.town import AMOUNT, HOSTS, OPERATOR, PAID, PLACES, QUERIES, Town, heard

hosts = pytest.mark.parametrize("host", HOSTS)
BALANCED = {"host": AMOUNT, OPERATOR: -AMOUNT}
MINUTE = timedelta(minutes=1)


@pytest.mark.case("money-01")
@hosts
async def test_a_payment_whose_callback_never_comes_is_found_by_query(town: Town, host: str) -> None:
    town.fault(PLACES[host], "never")
    order = await town.order()
    begun = await town.begin(host, order)
    assert await town.pay(host, begun) == PAID[host]
    assert (await town.row(order)).state == "pending"
    assert (await town.until(order, "paid", timedelta(seconds=5))).paid_by == begun.number
    assert await town.ledger() == BALANCED
    assert heard == [order]


@pytest.mark.case("money-01")
async def test_queries_go_on_however_long_a_host_is_away(town: Town) -> None:
    town.fault(PLACES["wechat"], "never")
    order = await town.order()
    await town.pay("wechat", await town.begin("wechat", order))
    town.fault(QUERIES["wechat"], "unavailable", 100)
    for _ in range(40):
        await town.work(timedelta(hours=1))
    (attempt,) = await town.attempts(order)
    assert attempt.state == "pending"
    assert attempt.queries >= 40
    town.sandbox.world.forget_faults()
    await town.until(order, "paid", timedelta(hours=1))


@pytest.mark.case("money-02")
@hosts
@pytest.mark.parametrize("fault", ["twice", "bad_signature", "late"])
async def test_callbacks_twice_at_one_moment_forged_or_late_count_once(town: Town, host: str, fault: Fault) -> None:
    town.fault(PLACES[host], fault)
    order = await town.order()
    await town.pay(host, await town.begin(host, order))
    if host == "baidu" and fault == "bad_signature":  # never answered with an error, so never sent again
        await town.work(MINUTE)
    await town.settled(order, "paid")
    if fault == "twice":
        (notice,) = await town.noticed(2)
        assert (notice.times, notice.odd) == (2, False)
    await town.work()
    assert await town.ledger() == BALANCED
    assert heard == [order]


@pytest.mark.case("money-02")
@hosts
async def test_a_refund_s_notice_before_the_payment_s_own(town: Town, host: str) -> None:
    town.fault(PLACES[host], "out_of_order")
    order = await town.order()
    begun = await town.begin(host, order)
    await town.pay(host, begun)
    await town.until(order, "paid", timedelta(seconds=5))  # by query: the callback is held back
    await town.give_back(order, AMOUNT)
    await town.refunded(order)
    await town.noticed(1)
    assert (await town.row(order)).state == "refunded"
    assert await town.ledger() == {}


@pytest.mark.case("money-03")
@pytest.mark.parametrize(
    ("host", "place", "fault"),
    [
        ("wechat", "wechat_pay.prepay", "error_after_work"),
        ("alipay", "alipay.trade.create", "error_after_work"),
        ("alipay", "alipay.trade.create", "never"),
    ],
)
async def test_an_unknown_outcome_keeps_its_number(town: Town, host: str, place: str, fault: Fault) -> None:
    town.fault(place, fault)
    order = await town.order()
    with pytest.raises(OutcomeUnknownError):
        await town.begin(host, order)
    (attempt,) = await town.attempts(order)
    assert attempt.state == "unknown"
    begun = await town.begin(host, order)
    assert begun.number == attempt.number
    await town.pay(host, begun)
    await town.settled(order, "paid")
    assert len(await town.attempts(order)) == 1


@pytest.mark.case("money-03")
@pytest.mark.parametrize(
    ("host", "place"),
    [("wechat", "wechat_pay.refund"), ("alipay", "alipay.trade.refund"), ("baidu", "baidu.refund")],
)
async def test_a_refund_of_unknown_outcome_is_repeated_with_its_number(town: Town, host: str, place: str) -> None:
    order, _ = await town.paid(host)
    town.fault(place, "error_after_work", 2)
    await town.give_back(order, AMOUNT)
    await town.refunded(order)
    assert await town.ledger() == {}


@pytest.mark.case("money-04")
async def test_the_second_of_two_payments_in_two_apps_goes_back(town: Town) -> None:
    order = await town.order()
    begun = {host: await town.begin(host, order) for host in HOSTS}
    for host in HOSTS:
        assert await town.pay(host, begun[host]) == PAID[host]
    await town.noticed(3)
    for _ in range(20):
        await town.work(MINUTE)
        await asyncio.sleep(0.03)
    states = sorted(each.state for each in await town.attempts(order))
    assert states == ["paid", "surplus", "surplus"]
    assert {(each.because, each.state) for each in await town.refunds(order)} == {("twice", "done")}
    assert await town.ledger() == BALANCED
    assert (await town.row(order)).refunded == 0


@pytest.mark.case("money-04")
@pytest.mark.parametrize("host", ["wechat", "alipay"])
async def test_one_paid_app_closes_the_others(town: Town, host: str) -> None:
    order = await town.order()
    other = await town.begin(host, order)
    await town.pay("baidu", await town.begin("baidu", order))
    await town.settled(order, "paid")
    await town.work()
    assert await town.pay(host, other) != PAID[host]
    assert sorted(each.state for each in await town.attempts(order)) == ["closed", "paid"]


@pytest.mark.case("money-04")
@pytest.mark.case("money-06")
async def test_money_for_a_closed_order_goes_back_by_itself(town: Town) -> None:
    """Baidu's orders never expire there: whoever kept the cashier open can still pay."""
    order = await town.order()
    begun = await town.begin("baidu", order)
    await town.until(order, "closed")
    town.fault(PLACES["baidu"], "never")
    assert await town.pay("baidu", begun) == PAID["baidu"]
    for _ in range(40):
        await town.work(timedelta(minutes=30))
        await asyncio.sleep(0.01)
    (found,) = await town.refunds(order)
    assert (found.because, found.state, found.amount) == ("late", "done", AMOUNT)
    assert (await town.row(order)).state == "closed"
    assert await town.ledger() == {}


@pytest.mark.case("money-04")
@pytest.mark.parametrize("host", ["wechat", "alipay"])
async def test_who_pays_between_the_end_and_the_close_has_paid(town: Town, host: str) -> None:
    """The close is refused, the query says paid: the order was not released yet, so it counts."""
    order = await town.order()
    begun = await town.begin(host, order)
    town.fault(PLACES[host], "never")
    assert await town.pay(host, begun) == PAID[host]
    town.clock.advance(timedelta(minutes=20))
    await town.work()
    assert (await town.row(order)).state == "paid"


@pytest.mark.case("money-05")
async def test_an_order_that_a_host_does_not_know_yet_is_not_unpaid(town: Town) -> None:
    town.wechat_pay.behaviour.settling_seconds = 600
    town.fault(PLACES["wechat"], "never")
    order = await town.order()
    begun = await town.begin("wechat", order)
    await town.work(MINUTE)
    (attempt,) = await town.attempts(order)
    assert attempt.state == "pending"
    assert attempt.queries > 0
    assert await town.pay("wechat", begun) == PAID["wechat"]
    await town.until(order, "paid")


@pytest.mark.case("money-05")
@pytest.mark.parametrize("host", ["alipay", "baidu"])
async def test_an_order_that_nobody_opened_is_released_some_time_after_its_end(town: Town, host: str) -> None:
    if host == "alipay":
        town.host("alipay").console.apps[APPS["alipay"]].exists_when_opened = True  # type: ignore[attr-defined]  # the simulator's
    order = await town.order()
    await town.begin(host, order)
    await town.work(timedelta(minutes=16))
    assert (await town.row(order)).state == "pending"
    await town.until(order, "closed", timedelta(minutes=5))


@pytest.mark.case("money-07")
async def test_what_a_host_accepts_is_not_done_and_what_it_cannot_do_is_for_people(town: Town) -> None:
    order, _ = await town.paid("wechat")
    behaviour = town.wechat_pay.behaviour
    behaviour.refund_end, behaviour.refund_seconds = "ABNORMAL", 0.3
    await town.give_back(order, AMOUNT)
    await town.work()
    (found,) = await town.refunds(order)
    assert found.state == "accepted"
    assert (await town.row(order)).state == "refunding"
    found = await town.refunded(order, "stuck")
    assert await town.ledger() == {"host": AMOUNT, "resident": -AMOUNT}


@pytest.mark.case("money-07")
async def test_no_money_moved_by_this_call_says_nothing(town: Town) -> None:
    order, _ = await town.paid("alipay")
    town.fault("alipay.refund", "late")
    await town.give_back(order, 300)
    for _ in range(3):
        await town.work(MINUTE)
    (found,) = await town.refunds(order)
    assert found.state == "accepted"
    town.host("alipay").trades.finish_refunds()  # type: ignore[attr-defined]  # the simulator's
    await town.refunded(order)
    assert (await town.row(order)).refunded == 300


@pytest.mark.case("money-08")
async def test_alipay_s_closed_after_a_full_refund_and_finished_months_later_change_nothing(town: Town) -> None:
    kept, begun = await town.paid("alipay")
    town.host("alipay").trades.finish(APPS["alipay"], begun.number)  # type: ignore[attr-defined]  # the simulator's
    given, _ = await town.paid("alipay")
    await town.give_back(given, AMOUNT)
    await town.refunded(given)
    await town.noticed(4)
    await town.work()
    assert (await town.row(kept)).state == "paid"
    assert (await town.row(given)).state == "refunded"
    assert await town.ledger() == BALANCED
    assert heard.count(kept) == 1


@pytest.mark.case("money-09")
async def test_a_partial_refund_s_notice_is_no_payment(town: Town) -> None:
    order, _ = await town.paid("alipay")
    await town.give_back(order, 300)
    await town.refunded(order)
    notices = await town.noticed(2)
    assert {each.outcome for each in notices} == {"paid: pay", "refund done"}
    assert (await town.row(order)).refunded == 300
    assert await town.ledger() == {"host": 580, OPERATOR: -580}
