"""Orders are placed, paid, closed and given back at every host; the ledger agrees to the fen."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from flows.payments.errors import (
    AlreadyPaidError,
    AmountRefusedError,
    OrderOverError,
    PayerUnknownError,
    RepeatedDifferentlyError,
    UnknownOrderError,
    WrongStateError,
)
from flows.payments.ordering import Line, give_up, place_order
from kernel.errors import YiwangError
from kernel.money import Fen
from tests.payments.town import AMOUNT, HOSTS, OPERATOR, PAID, Town, heard

hosts = pytest.mark.parametrize("host", HOSTS)


@hosts
async def test_an_order_is_paid_and_a_part_and_the_rest_are_given_back(town: Town, host: str) -> None:
    order, begun = await town.paid(host)
    assert len(begun.number) == 32
    assert begun.number.isalnum()
    assert (await town.row(order)).paid_by == begun.number
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}
    asked = await town.give_back(order, 300)
    assert (await town.give_back(order, 300)).number == asked.number
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -580, "resident": -300}
    await town.refunded(order)
    assert (await town.row(order)).state == "partly_refunded"
    assert await town.ledger() == {"host": 580, OPERATOR: -580}
    await town.give_back(order, 580, "2")
    await town.refunded(order)
    assert (await town.row(order)).state == "refunded"
    assert await town.ledger() == {}
    assert set(heard) == {order}
    said = " ".join(each.result for each in town.sandbox.world.events)
    assert not re.search("HTTP 5|sent again", said), said


async def test_an_order_is_one_however_often_it_is_sent(town: Town) -> None:
    wanted = town.new(lines=(Line("1 小时", Fen(500)), Line("30 分钟", Fen(380))))

    async def place() -> object:
        async with town.database.session() as session:
            return (await place_order(session, town.clock, wanted)).id

    assert len(set(await asyncio.gather(*(place() for _ in range(5))))) == 1
    for changed, what in (({"amount": Fen(881), "lines": ()}, "amount"), ({"payee": "operator:2"}, "payee")):
        async with town.database.session() as session:
            with pytest.raises(RepeatedDifferentlyError, match=what):
                await place_order(session, town.clock, town.new(**{**_values(wanted), **changed}))
    async with town.database.session() as session:
        for wrong in (town.new(amount=-1), town.new(amount=10**10 + 1), town.new(lines=(Line("x", Fen(1)),))):
            with pytest.raises(AmountRefusedError):
                await place_order(session, town.clock, wrong)


def _values(wanted: object) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in wanted.__struct_fields__}  # type: ignore[attr-defined]  # a struct


@pytest.mark.case("money-11")
async def test_nothing_at_all_is_paid_at_once_and_no_host_hears_of_it(town: Town) -> None:
    order = await town.order(amount=0)
    assert (await town.row(order)).state == "paid"
    await town.work()
    assert heard == [order]
    assert await town.ledger() == {}
    with pytest.raises(AlreadyPaidError):
        await town.begin("wechat", order)
    with pytest.raises(WrongStateError, match="nothing of it was paid"):
        await town.give_back(order, 1)


@hosts
async def test_beginning_again_is_the_same_attempt(town: Town, host: str) -> None:
    order = await town.order()
    first, *others = [await town.begin(host, order) for _ in range(3)]
    assert {each.number for each in others} == {first.number}
    assert await town.pay(host, others[-1]) == PAID[host]
    await town.settled(order, "paid")
    with pytest.raises(AlreadyPaidError):
        await town.begin(host, order)


async def test_two_taps_at_one_moment_are_one_attempt(town: Town) -> None:
    order = await town.order()
    begun = await asyncio.gather(*(town.begin("alipay", order) for _ in range(4)))
    assert len({each.number for each in begun}) == 1


@pytest.mark.case("money-19")
async def test_the_payer_is_the_account_s_own_identity_under_that_very_app(town: Town) -> None:
    await town.sign_in("zhang", "wechat")
    order = await town.order("zhang")
    with pytest.raises(PayerUnknownError):
        await town.begin("alipay", order, "zhang")
    with pytest.raises(UnknownOrderError):
        await town.begin("wechat", order, "li")
    begun = await town.begin("wechat", order, "zhang")
    assert await town.pay("wechat", begun, resident="zhang") == PAID["wechat"]
    await town.settled(order, "paid")


@hosts
async def test_an_order_closes_at_its_end_once_the_host_says_so(town: Town, host: str) -> None:
    order = await town.order()
    begun = await town.begin(host, order)
    await town.pay(host, begun, confirmed=False)
    await town.work(timedelta(minutes=14))
    assert (await town.row(order)).state == "pending"
    await town.until(order, "closed")
    assert [each.state for each in await town.attempts(order)] == ["closed"]
    assert await town.pay(host, begun) != PAID[host]
    with pytest.raises(OrderOverError):
        await town.begin(host, order)
    assert heard == [order]


async def test_an_order_that_nobody_began_closes_at_its_end(town: Town) -> None:
    order = await town.order()
    await town.work(timedelta(minutes=16))
    assert (await town.row(order)).state == "closed"


async def test_an_order_closes_at_its_end_also_where_the_worker_s_clock_is_behind(town: Town) -> None:
    order = await town.order()
    early = "UPDATE outbox SET due_at = $1 WHERE task = 'payments.expire'"  # by the clock of whoever placed it
    assert await town.database.pool.execute(early, town.clock.now()) == "UPDATE 1"
    await town.work()
    assert (await town.row(order)).state == "created"
    await town.work(timedelta(minutes=16))
    assert (await town.row(order)).state == "closed"


async def test_an_order_that_is_given_up_closes_before_its_end(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("wechat", order)
    async with town.database.session() as session:
        await give_up(session, town.clock, order)
    with pytest.raises(OrderOverError):
        await town.begin("wechat", order)
    await town.work()
    assert (await town.row(order)).state == "closed"
    assert await town.pay("wechat", begun) != PAID["wechat"]


@pytest.mark.parametrize(("amount", "error"), [(881, AmountRefusedError), (0, AmountRefusedError)])
async def test_no_more_is_given_back_than_was_paid(town: Town, amount: int, error: type[YiwangError]) -> None:
    order, _ = await town.paid("wechat")
    with pytest.raises(error):
        await town.give_back(order, amount)
    await town.give_back(order, 500)
    with pytest.raises(RepeatedDifferentlyError):
        await town.give_back(order, 400)
    with pytest.raises(AmountRefusedError, match="380"):
        await town.give_back(order, 381, "2")
