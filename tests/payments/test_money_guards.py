"""What keeps hosts' messages, keys and clocks from costing money, each by its number in the facts."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest

from adapters.errors import OutcomeUnknownError
from adapters.sandbox.development import APPS
from adapters.sandbox.rsa_keys import new_key
from adapters.wechat_pay.account import is_callback_address
from adapters.wechat_pay.signing import Merchant
from flows.payments import cashiers
from flows.payments.errors import CashierClosedError
from kernel.money import Fen
from tests.payments.town import AMOUNT, HOSTS, OPERATOR, PAID, PLACES, Town, heard

hosts = pytest.mark.parametrize("host", HOSTS)
MINUTE = timedelta(minutes=1)


def baidu_order(town: Town, number: str) -> Any:
    return town.host("baidu").cashier.books.orders[number]  # type: ignore[attr-defined]  # the simulator's


async def consumed(town: Town, number: str) -> None:
    async with asyncio.timeout(10):
        while not baidu_order(town, number).consumed:
            await asyncio.sleep(0.01)


@pytest.mark.case("money-10")
async def test_baidu_is_told_success_although_nothing_could_be_stored(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("baidu", order)
    await town.database.pool.execute("ALTER TABLE payment_notice RENAME TO gone")
    assert await town.pay("baidu", begun) == PAID["baidu"]
    await consumed(town, begun.number)
    await town.database.pool.execute("ALTER TABLE gone RENAME TO payment_notice")
    assert (await town.row(order)).state == "pending"
    await town.until(order, "paid")
    assert baidu_order(town, begun.number).refunded == 0


@pytest.mark.case("money-10")
async def test_baidu_is_told_success_in_time_while_the_order_is_held_by_somebody(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("baidu", order)
    async with town.database.pool.acquire() as other, other.transaction():
        await other.execute("SELECT 1 FROM payment_order WHERE id = $1 FOR UPDATE", order)
        assert await town.pay("baidu", begun) == PAID["baidu"]
        await consumed(town, begun.number)
    await town.until(order, "paid")
    assert baidu_order(town, begun.number).refunded == 0
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


async def test_a_host_that_says_paid_and_not_how_much_is_asked_again_in_its_turn(town: Town) -> None:
    order = await town.order()
    town.fault(PLACES["wechat"], "never")
    begun = await town.begin("wechat", order)
    await town.pay("wechat", begun)
    asked = town.wechat_pay._ledger.order(begun.number).request.amount
    asked.total = 0
    async with asyncio.timeout(20):
        await town.work(MINUTE)
    (attempt,) = await town.attempts(order)
    assert (attempt.state, attempt.queries < 5) == ("pending", True)
    asked.total = AMOUNT
    await town.until(order, "paid")


@pytest.mark.case("money-03")
async def test_a_host_that_was_away_and_then_refuses_is_asked_again(town: Town) -> None:
    order, begun = await town.paid("baidu")
    await consumed(town, begun.number)
    baidu_order(town, begun.number).consumed = False
    town.fault("baidu.refund", "unavailable", 8)
    await town.give_back(order, Fen(300))
    async with asyncio.timeout(10):
        while "refuses" not in (found := (await town.refunds(order))[0]).said:
            await town.work(MINUTE)
    assert (found.queries, found.state) == (9, "requested")
    baidu_order(town, begun.number).consumed = True
    await town.refunded(order)


@pytest.mark.case("money-10")
async def test_nobody_hears_an_error_at_baidu_s_address(town: Town) -> None:
    address = town.cashier.notify_url(APPS["baidu"])
    async with httpx.AsyncClient() as client:
        for body in (b"", b"tpOrderId=1&status=2&rsaSign=AAAA", b"\xff{}"):
            answer = await client.post(
                address, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code == 200
            assert answer.json() == {"errno": 0, "msg": "success", "data": {"isConsumed": 2}}
    assert await town.noticed(0) == []


@pytest.mark.parametrize("host", ["wechat", "alipay"])
async def test_others_send_again_what_could_not_be_stored(town: Town, host: str) -> None:
    order = await town.order()
    begun = await town.begin(host, order)
    await town.database.pool.execute("ALTER TABLE payment_notice RENAME TO gone")
    await town.pay(host, begun)
    async with asyncio.timeout(10):
        while not any("HTTP 503" in each.result or "sent again" in each.result for each in town.sandbox.world.events):
            await asyncio.sleep(0.01)
    await town.database.pool.execute("ALTER TABLE gone RENAME TO payment_notice")
    await town.noticed(1)
    assert (await town.row(order)).state == "paid"


@pytest.mark.case("money-11")
async def test_a_coupon_changes_nothing_as_totals_are_compared(town: Town) -> None:
    town.wechat_pay.behaviour.discount_fen = 100
    await town.paid("wechat")
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


@pytest.mark.case("money-12")
@pytest.mark.case("money-20")
async def test_callbacks_by_either_key_and_by_a_new_certificate_are_taken(town: Town) -> None:
    pay = town.wechat_pay
    pay.behaviour.public_key_share = 1.0
    await town.paid("wechat")
    pay.behaviour.public_key_share = 0.0
    town.clock.advance(timedelta(hours=1))  # what is unknown is fetched once in a while
    await town.paid("wechat")
    pay.keys.add_certificate()
    town.clock.advance(timedelta(hours=1))
    await town.paid("wechat")


@pytest.mark.case("money-13")
async def test_a_probe_on_a_reply_is_neither_failure_nor_success(town: Town) -> None:
    for place in ("prepay", "query", "refund", "query_refund"):
        town.fault(f"wechat_pay.{place}", "bad_signature")
    town.fault(PLACES["wechat"], "never")
    order = await town.order()
    with pytest.raises(OutcomeUnknownError, match="proves nothing"):
        await town.begin("wechat", order)
    begun = await town.begin("wechat", order)
    await town.pay("wechat", begun)
    await town.until(order, "paid")
    await town.give_back(order, AMOUNT)
    await town.refunded(order)
    assert len(await town.attempts(order)) == 1
    assert await town.ledger() == {}


async def told(town: Town, number: str, spaced: bytes = b"") -> tuple[dict[str, str], bytes]:
    """Sign a callback of WeChat Pay's that an attempt is paid; ``spaced`` is put where JSON allows it."""
    pay = town.wechat_pay
    resource = {
        "appid": APPS["wechat"],
        "mchid": pay.keys.merchant.mchid,
        "out_trade_no": number,
        "transaction_id": "4200",
        "trade_state": "SUCCESS",
        "amount": {"total": AMOUNT, "payer_total": AMOUNT, "currency": "CNY"},
    }
    body = pay._courier._body("TRANSACTION.SUCCESS", "transaction", resource).replace(b":", b":" + spaced, 1)
    return pay.keys.sign(body, pay.keys.public_key_id), body


async def posted(town: Town, host: str, headers: Mapping[str, str], body: bytes) -> int:
    async with httpx.AsyncClient() as client:
        address = town.cashier.notify_url(APPS[host])
        answer = await client.post(address, content=body, headers={**headers, "content-type": "application/json"})
        return answer.status_code


@pytest.mark.case("money-14")
async def test_the_raw_bytes_are_verified_and_nothing_made_of_them(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("wechat", order)
    headers, body = await told(town, begun.number, b" \n ")
    assert await posted(town, "wechat", headers, msgspec.json.encode(msgspec.json.decode(body))) == 401
    assert (await town.row(order)).state == "pending"
    assert await posted(town, "wechat", headers, body) == 200
    assert (await town.row(order)).state == "paid"


@pytest.mark.case("money-15")
async def test_an_old_callback_and_one_about_another_app_s_order_pay_nothing(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("wechat", order)
    old = await told(town, begun.number)
    town.clock.advance(timedelta(minutes=6))
    assert await posted(town, "wechat", *old) == 401
    assert await posted(town, "alipay", *await told(town, begun.number)) == 200  # where only `success` counts
    other = await town.order()
    elsewhere = await town.begin("alipay", other)
    assert await posted(town, "wechat", *await told(town, elsewhere.number)) == 200
    assert await posted(town, "wechat", *await told(town, "neverheardof")) == 200
    assert {(await town.row(each)).state for each in (order, other)} == {"pending"}
    assert {(each.outcome, each.odd) for each in await town.noticed(2)} == {("a payment that is not ours", True)}


class Drifted:
    """A clock that is wrong."""

    def __init__(self, clock: Any, by: timedelta) -> None:
        self._clock = clock
        self._by = by

    def now(self) -> Any:
        return self._clock.now() + self._by


@pytest.mark.case("money-16")
@pytest.mark.parametrize("minutes", [-30, 30])
async def test_a_wrong_clock_loses_and_closes_nothing(town: Town, minutes: int) -> None:
    keys = town.wechat_pay.keys
    order = await town.order()
    begun = await town.begin("wechat", order)
    right, keys._clock = keys._clock, Drifted(town.clock, timedelta(minutes=minutes))
    await town.pay("wechat", begun)
    for _ in range(20):
        await town.work(MINUTE)
    assert (await town.row(order)).state == "pending"
    keys._clock = right
    await town.until(order, "paid")


@pytest.mark.case("money-17")
@hosts
async def test_the_callbacks_address_is_one_that_hosts_lose_nothing_to(town: Town, host: str) -> None:
    address = town.cashier.notify_url(APPS[host])
    assert is_callback_address(address)
    assert "?" not in address
    async with httpx.AsyncClient(follow_redirects=False) as client:
        answer = await client.post(address, content=b"x")
        assert answer.status_code in {200, 401}
        assert (await client.post(f"{town.cashier.callbacks}/callbacks/payments/nobody")).status_code == 404


@pytest.mark.case("money-18")
@pytest.mark.parametrize(("host", "place"), [("wechat", "wechat_pay.prepay"), ("alipay", "alipay.trade.create")])
async def test_a_restricted_merchant_closes_the_cashier_and_another_app_takes_over(
    town: Town, host: str, place: str
) -> None:
    town.fault(place, "restricted", 3)
    order = await town.order()
    for _ in range(3):
        assert await cashiers.closed(town.redis, APPS.values()) == set()
        with pytest.raises(CashierClosedError):
            await town.begin(host, order)
    assert await cashiers.closed(town.redis, APPS.values()) == {APPS[host]}
    assert {each.state for each in await town.attempts(order)} == {"failed"}
    await town.pay("baidu", await town.begin("baidu", order))
    await town.settled(order, "paid")
    await town.redis.flushall()
    assert await cashiers.closed(town.redis, APPS.values()) == set()


@pytest.mark.case("money-20")
async def test_a_key_that_a_colleague_changed_loses_no_payment(town: Town) -> None:
    keys = town.wechat_pay.keys
    order = await town.order()
    begun = await town.begin("wechat", order)
    town.fault(PLACES["wechat"], "never")
    await town.pay("wechat", begun)
    ours, keys.merchant = keys.merchant, Merchant(keys.merchant.mchid, keys.merchant.serial, new_key())
    for _ in range(20):
        await town.work(MINUTE)
    (attempt,) = await town.attempts(order)
    assert (attempt.state, "SIGN_ERROR" in attempt.said) == ("pending", True)
    keys.merchant = ours
    await town.until(order, "paid", timedelta(minutes=10))
    assert heard == [order]
