"""Kept notices: who has paid is compared with who began it, and what is old enough is deleted."""

from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlmodel import select

from adapters.sandbox.alipay.trades import written_time
from adapters.sandbox.development import APPS
from flows.payments.notices import KEPT
from flows.payments.tables import PaymentNotice
from kernel.celery import app
from tests.cli.operator import Operator
from tests.payments.town import AMOUNT, OPERATOR, PLACES, Town


async def notices(town: Town) -> list[tuple[str, bool]]:
    async with town.database.session() as session:
        return [(row.outcome, row.odd) for row in (await session.exec(select(PaymentNotice))).all()]


async def paid_by(town: Town, host: str, number: str, names: dict[str, str]) -> None:
    """Post the host's genuine word that an attempt is paid, by somebody of these names there."""
    if host == "wechat":
        pay = town.wechat_pay
        resource = {
            "appid": APPS[host],
            "mchid": pay.keys.merchant.mchid,
            "out_trade_no": number,
            "transaction_id": "4200",
            "trade_state": "SUCCESS",
            "payer": names,
            "amount": {"total": AMOUNT, "payer_total": AMOUNT, "currency": "CNY"},
        }
        body = pay._courier._body("TRANSACTION.SUCCESS", "transaction", resource)
        headers = pay.keys.sign(body, pay.keys.public_key_id) | {"content-type": "application/json"}
    else:
        alipay = town.host(host)
        simulated = alipay.console.apps[APPS[host]]  # type: ignore[attr-defined]  # of Alipay
        now = written_time(town.clock.now())
        fields = {"notify_type": "trade_status_sync", "notify_id": "n1", "app_id": APPS[host], "notify_time": now}
        fields |= {"out_trade_no": number, "trade_no": "2026", "trade_status": "TRADE_SUCCESS", "gmt_payment": now}
        fields |= {"seller_id": simulated.seller_id, "total_amount": "8.80", **names}
        body = urlencode(alipay._notices.signed(simulated, fields)).encode()  # type: ignore[attr-defined]  # of Alipay
        headers = {"content-type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(town.cashier.notify_url(APPS[host]), content=body, headers=headers)
    assert answer.status_code == 200


@pytest.mark.case("money-19")
@pytest.mark.parametrize(("host", "name"), [("wechat", "openid"), ("alipay", "buyer_open_id")])
async def test_a_payment_by_somebody_else_counts_and_is_shown(town: Town, host: str, name: str) -> None:
    order = await town.order()
    begun = await town.begin(host, order)
    await paid_by(town, host, begun.number, {name: "somebody else"})
    await town.settled(order, "paid")
    assert await notices(town) == [("paid: pay, by somebody else than began it", True)]
    operator = Operator(town.settings)
    assert "by somebody else" in await operator.done("payment", "odd")
    assert "another payer" in await operator.done("payment", "show", begun.number)
    await town.work(timedelta(days=2))
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


async def test_one_person_by_another_of_their_names_is_no_difference(town: Town) -> None:
    order = await town.order()
    begun = await town.begin("alipay", order)
    people = town.host("alipay").people  # type: ignore[attr-defined]  # of Alipay
    known = people.open_id(APPS["alipay"], "wang")
    await paid_by(town, "alipay", begun.number, {"buyer_id": "2088000000000001", "buyer_open_id": known})
    await town.settled(order, "paid")
    assert await notices(town) == [("paid: pay", False)]


@pytest.mark.parametrize("host", ["wechat", "alipay", "baidu"])
async def test_notices_are_deleted_when_their_money_can_be_asked_back_no_more(town: Town, host: str) -> None:
    town.fault(PLACES[host], "twice")
    order, _ = await town.paid(host)
    await town.noticed(2)
    app.runtime = town._hand

    async def forgotten() -> int:
        app.tasks["payments.forget"].run()
        assert town._hand.work is not None
        await town._hand.work
        return len(await notices(town))

    town.clock.advance(KEPT - timedelta(minutes=5))
    assert await forgotten() == 1
    town.clock.advance(timedelta(minutes=10))
    assert await forgotten() == 0
    assert (await town.row(order)).state == "paid"
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}
