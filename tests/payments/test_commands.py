"""``yiwang ledger`` and ``yiwang payment``: what people see and decide."""

import pytest

from adapters.channel import Callback, Payment
from adapters.sandbox.development import APPS
from flows.payments.callbacks import take
from kernel.crypto.keys import open_keys
from kernel.settings import Settings
from tests.cli.operator import Operator
from tests.payments.town import AMOUNT, OPERATOR, Town


@pytest.fixture
def operator(settings: Settings) -> Operator:
    return Operator(settings)


@pytest.mark.case("money-07")
async def test_a_stuck_refund_is_retried_and_at_last_paid_out(town: Town, operator: Operator) -> None:
    assert "No refund is stuck" in await operator.done("payment", "stuck")
    order, begun = await town.paid("wechat")
    town.wechat_pay.behaviour.refund_end = "ABNORMAL"
    made = await town.give_back(order, AMOUNT)
    await town.refunded(order, "stuck")
    said = await operator.done("payment", "stuck")
    assert made.number in said
    assert "8.80 yuan" in said
    await operator.done("payment", "retry", made.number)
    assert (await town.refunds(order))[0].state == "requested"
    await town.refunded(order, "stuck")
    assert (await town.row(order)).state == "refunding"
    await operator.done("payment", "paid-out", made.number, "--by", "bank 2026-1")
    assert (await town.row(order)).state == "refunded"
    assert await town.ledger() == {"host": AMOUNT, "outside": -AMOUNT}
    refused = await operator.type("payment", "paid-out", made.number, "--by", "again")
    assert refused.exit_code != 0
    shown = await operator.done("payment", "show", begun.number)
    assert "paid_out" in shown
    assert begun.number in shown


async def test_the_ledger_is_shown_and_checked(town: Town, operator: Operator) -> None:
    await town.paid("alipay")
    said = await operator.done("ledger", "balance", "operator:")
    assert said.split() == [OPERATOR, "0.00", "8.80", "-8.80"]
    assert "2 accounts, 0.00 yuan" in await operator.done("ledger", "check")
    await town.database.pool.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
    await town.database.pool.execute("UPDATE ledger_entry SET debit = debit + 1 WHERE debit > 0")
    found = await operator.type("ledger", "check")
    assert found.exit_code == 1
    assert "1 fen more debit" in found.output


async def test_a_message_about_nothing_of_ours_is_listed(town: Town, operator: Operator) -> None:
    cipher = open_keys(town.settings).cipher
    about = Payment(number="neverheardof", state="paid")
    async with town.database.session() as session:
        await take(session, town.clock, cipher, APPS["wechat"], (Callback(about, "m1", b""), b"{}"))
    assert "a payment that is not ours" in await operator.done("payment", "odd")
