"""A random town, seeded: whatever hosts, callbacks and people do, the hosts' books and our ledger agree to the fen."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from adapters.channel import Callback, Payment, Refund
from adapters.sandbox.development import APPS
from adapters.sandbox.world import Fault
from flows.payments import ledger
from flows.payments.callbacks import take
from flows.payments.settling import settle
from kernel.crypto.keys import open_keys
from kernel.errors import YiwangError
from kernel.money import Fen
from tests.payments.town import AMOUNT, HOSTS, OPERATOR, PLACES, QUERIES, Town

REFUNDS = {"wechat": "wechat_pay.refund", "alipay": "alipay.trade.refund", "baidu": "baidu.refund"}
CALLBACK_FAULTS: tuple[Fault, ...] = ("late", "twice", "never", "bad_signature", "out_of_order")


# A part of an order goes back at Baidu only once it has heard our answer to its notice, which may never come.
_STUCK = """SELECT a.provider, r.amount FROM payment_refund r JOIN payment_attempt a ON a.number = r.attempt_number
WHERE r.state = 'stuck'"""


def held_by(town: Town, host: str) -> int:
    """Return what a simulated host's own books have for us: what was paid less what was given back."""
    if host == "wechat":
        books = town.wechat_pay._ledger
        paid = sum(each.request.amount.total for each in books._orders.values() if each.paid_at)
        return int(
            paid - sum(each.request.amount.refund for each in books._refunds.values() if each.status == "SUCCESS")
        )
    if host == "alipay":
        trades = town.host("alipay").trades._trades.values()  # type: ignore[attr-defined]  # the simulator's
        return int(sum(each.amount - each.refunded() for each in trades if each.paid_at))
    orders = town.host("baidu").cashier.books.orders.values()  # type: ignore[attr-defined]  # the simulator's
    return int(sum(each.total - each.refunded for each in orders if each.status == 2))


async def live(town: Town, random: Random) -> None:
    """One resident's order: begun in some apps, paid in some of these, perhaps given back, with faults all along."""
    order = await town.order(amount=random.randint(1, 2000))
    for host in random.sample(HOSTS, random.randint(1, 3)):
        for place, faults, chance in (
            (PLACES[host], CALLBACK_FAULTS, 0.5),
            (QUERIES[host], ("unavailable", "error_after_work"), 0.3),
            (REFUNDS[host], ("unavailable", "error_after_work"), 0.3),
        ):
            if random.random() < chance:
                town.fault(place, random.choice(faults))
        try:
            begun = await town.begin(host, order)
        except YiwangError:
            continue
        if random.random() < 0.2:
            await town.work(timedelta(minutes=random.choice((1, 16, 40))))
        await town.pay(host, begun, confirmed=random.random() < 0.8)
    await town.work(timedelta(seconds=30))
    if random.random() < 0.4:
        row = await town.row(order)
        if row.state == "paid":
            await town.give_back(order, random.randint(1, row.amount))


@pytest.mark.parametrize("seed", [1, 14])
async def test_every_fen_is_accounted_for(town: Town, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a run that can be repeated
    for _ in range(8):
        await live(town, random)
    town.sandbox.world.forget_faults()
    for _ in range(30):
        await town.work(timedelta(hours=1))
        await asyncio.sleep(0.01)
    async with town.database.session() as session:
        for host in HOSTS:
            account = ledger.host(host, APPS[host])
            assert (host, await ledger.balance_of(session, account)) == (host, held_by(town, host))
    held = await town.ledger()
    stuck = await town.database.pool.fetch(_STUCK)
    assert {row["provider"] for row in stuck} <= {"baidu"}
    assert held.get("resident", 0) == -sum(row["amount"] for row in stuck)  # nothing else is still on its way
    rows = await town.database.pool.fetch("SELECT * FROM payment_order")
    states = Counter(row["state"] for row in rows)
    assert not states.keys() & {"created", "pending"}, states
    assert states["refunding"] == len(stuck)
    kept = sum(row["amount"] - row["refunded"] for row in rows if row["paid_by"])
    assert held.get(OPERATOR, 0) == sum(row["amount"] for row in stuck) - kept


@pytest.mark.case("money-02")
async def test_ten_words_at_one_moment_are_one_payment(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("alipay", order)
    word = Payment(number=begun.number, state="paid", amount=AMOUNT, transaction="1")

    async def hear() -> str:
        async with town.database.session() as session:
            return (await settle(session, town.clock, begun.number, word)).verdict

    assert Counter(await asyncio.gather(*(hear() for _ in range(10)))) == {"pay": 1, "nothing": 9}
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


@pytest.mark.case("money-02")
async def test_a_refund_of_what_is_not_known_to_be_paid_has_it_asked_about(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("wechat", order)
    town.fault(PLACES["wechat"], "never")
    await town.pay("wechat", begun)
    word = Callback(Refund(number="", order=begun.number, state="done", amount=Fen(1)), "m1", b"")
    async with town.database.session() as session:
        outcome = await take(session, town.clock, open_keys(town.settings).cipher, APPS["wechat"], (word, b""))
    assert outcome.odd
    await town.work()
    assert (await town.row(order)).state == "paid"


@pytest.mark.case("money-11")
@pytest.mark.parametrize("amount", [1, 87_900, AMOUNT + 1])
async def test_another_amount_than_was_asked_for_goes_back_and_the_order_stays_open(town: Town, amount: int) -> None:
    order = await town.order()
    begun = await town.begin("alipay", order)
    word = Payment(number=begun.number, state="paid", amount=Fen(amount), transaction="1")
    async with town.database.session() as session:
        await settle(session, town.clock, begun.number, word)
    (found,) = await town.refunds(order)
    assert (found.because, found.amount) == ("amount", amount)
    assert await town.ledger() == {"host": amount, "resident": -amount}
    assert (await town.row(order)).state == "pending"
