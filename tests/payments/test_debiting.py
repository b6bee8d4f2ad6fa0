"""Orders are charged by debit mandates: once, never after a payment by hand, and whoever ordered hears of a failure."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from alembic import command

from adapters.channel import Payment
from adapters.parking import Stay
from adapters.parking_products import OpenParking
from adapters.sandbox.alipay.parking import LOT
from adapters.sandbox.development import APPS
from flows.payments.debiting import Debit, debit
from flows.payments.errors import AlreadyPaidError, AmountRefusedError, WrongStateError
from flows.payments.mandates import NewMandate, sign, step
from flows.payments.settling import settle
from flows.payments.states import MandateEvent
from flows.payments.tables import PaymentAttempt
from kernel.crypto.keys import open_keys
from kernel.database import create_engine
from kernel.money import Fen
from migrations.upgrade import configuration, upgrade
from tests.payments.town import AMOUNT, HOSTS, OPERATOR, PAID, PLATE, Town, heard

hosts = pytest.mark.parametrize("host", ["wechat", "alipay"])


async def mandate(town: Town, host: str, limit: int = 10_000) -> UUID:
    wanted = NewMandate(
        account_id=town.accounts["wang"],
        about="vehicle:1",
        provider="wechat" if host == "wechat" else "alipay",
        app_id=APPS[host],
        limit_each=Fen(limit),
        consent_version=1,
    )
    async with town.database.session() as session:
        signed = await sign(session, town.clock, wanted, "account:1")
        await step(session, town.clock, signed.id, "activate", actor="account:1")
    return signed.id


async def stay(town: Town, parking: OpenParking, host: str) -> Stay:
    """Have a vehicle enter, an hour ago."""
    at = town.clock.now() - timedelta(hours=1)
    hears = f"{town.cashier.callbacks}/callbacks/parking/{APPS[host]}"
    entry = Stay(number="stay0001", plate=PLATE, lot=LOT, lot_name="南门", entered_at=at, notify_url=hears)
    entered = await parking.products[APPS[host]][0].announce_entry(entry)
    assert entered.service == "active"
    return msgspec.structs.replace(entry, reference=entered.reference)


async def ask(town: Town, order: UUID, mandate_id: UUID, parked: Stay) -> PaymentAttempt:
    wanted = Debit(order_id=order, mandate_id=mandate_id, stay=parked, left_at=town.clock.now())
    async with town.database.session() as session:
        return await debit(session, town.clock, open_keys(town.settings).cipher, wanted)


@hosts
async def test_an_order_is_charged_once_and_is_paid_as_any_other(town: Town, parking: OpenParking, host: str) -> None:
    order, mandate_id = await town.order(), await mandate(town, host)
    parked = await stay(town, parking, host)
    asked = await ask(town, order, mandate_id, parked)
    assert (await ask(town, order, mandate_id, parked)).number == asked.number
    await town.until(order, "paid", timedelta(seconds=6))
    (attempt,) = await town.attempts(order)
    assert (attempt.state, attempt.mandate_id, attempt.paid_amount) == ("paid", mandate_id, AMOUNT)
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}
    with pytest.raises(AlreadyPaidError):
        await ask(town, order, mandate_id, parked)
    await town.give_back(order, AMOUNT)
    await town.refunded(order)
    assert await town.ledger() == {}


@pytest.mark.case("PK-12")
@hosts
async def test_a_debit_that_fails_is_heard_and_is_not_repeated_after_a_payment_by_hand(
    town: Town, parking: OpenParking, host: str
) -> None:
    order, mandate_id = await town.order(), await mandate(town, host)
    parked = await stay(town, parking, host)
    town.fault({"wechat": "wechat_pay.vehicle_charge", "alipay": "alipay.parking_charge"}[host], "pay_fail")
    await ask(town, order, mandate_id, parked)
    await town.work(timedelta(seconds=6))
    await town.eventually(lambda: town.attempts(order), lambda rows: [each.state for each in rows] == ["failed"])
    await town.work()
    assert (await town.row(order)).state == "pending"
    assert set(heard) == {order}
    begun = await town.begin("baidu", order)
    assert await town.pay("baidu", begun) == PAID["baidu"]
    await town.settled(order, "paid")
    with pytest.raises(AlreadyPaidError):
        await ask(town, order, mandate_id, parked)
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


@pytest.mark.case("PK-12")
@hosts
async def test_what_was_paid_by_hand_before_the_charge_is_not_charged(
    town: Town, parking: OpenParking, host: str
) -> None:
    order, mandate_id = await town.order(), await mandate(town, host)
    parked = await stay(town, parking, host)
    town.fault("baidu.callback", "never")
    begun = await town.begin("baidu", order)
    async with town.database.session() as session:  # Baidu calls it closed, a moment before it is paid
        await settle(session, town.clock, begun.number, Payment(number=begun.number, state="closed"))
    asked = await ask(town, order, mandate_id, parked)
    await town.pay("baidu", begun)
    async with town.database.session() as session:
        await settle(session, town.clock, begun.number, await town.channel("baidu").query(begun.number))
    assert (await town.row(order)).state == "paid"
    await town.work(timedelta(seconds=6))
    assert {each.number: each.state for each in await town.attempts(order)} == {
        asked.number: "closed",
        begun.number: "paid",
    }
    assert (await parking.charging[APPS[host]].query_charge(asked.number)).state == "unknown"


async def test_what_an_earlier_release_has_written_in_the_clear_goes(town: Town, database_url: str) -> None:
    engine = create_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda on: command.downgrade(configuration(on), "0c04e22583bb"))
        told = f'{{"number": "1", "stay": {{"plate": ["{PLATE.number}", "green"]}}, "left_at": "2026-11-30T00:00:00Z"}}'
        given_up = "INSERT INTO outbox VALUES (gen_random_uuid(), 'payments.debit', $1, '', now(), NULL, 1, 11, '')"
        await connection.exec_driver_sql(given_up, (told,))
        answered = "INSERT INTO parking_request VALUES ('a', 'b', '', $1, now())"
        await connection.exec_driver_sql(answered, (PLATE.number.encode(),))
    await engine.dispose()
    await upgrade(database_url)
    rows = await town.database.pool.fetch("SELECT task, arguments::text FROM outbox")
    assert [tuple(row) for row in rows] == [("payments.query", '{"number": "1", "goes_on": true}')]
    assert await town.database.pool.fetch("SELECT FROM parking_request") == []


async def test_an_outcome_that_is_not_known_is_asked_about_with_the_same_number(
    town: Town, parking: OpenParking
) -> None:
    order, mandate_id = await town.order(), await mandate(town, "alipay")
    town.fault("alipay.eco.mycar.parking.order.pay", "error_after_work")
    await ask(town, order, mandate_id, await stay(town, parking, "alipay"))
    await town.until(order, "paid", timedelta(seconds=6))
    assert len(await town.attempts(order)) == 1
    assert await town.ledger() == {"host": AMOUNT, OPERATOR: -AMOUNT}


@pytest.mark.parametrize("event", ["suspend", "terminate"])
async def test_a_mandate_that_ends_before_the_charge_is_not_used(
    town: Town, parking: OpenParking, event: MandateEvent
) -> None:
    order, mandate_id = await town.order(), await mandate(town, "alipay")
    parked = await stay(town, parking, "alipay")
    await ask(town, order, mandate_id, parked)
    async with town.database.session() as session:
        await step(session, town.clock, mandate_id, event, actor="account:1")
    await town.work(timedelta(seconds=6))
    (attempt,) = await town.attempts(order)
    assert (attempt.state, attempt.said.startswith("The mandate is")) == ("closed", True)
    assert set(heard) == {order}
    with pytest.raises(WrongStateError):
        await ask(town, order, mandate_id, parked)


@pytest.mark.parametrize("app", HOSTS)
async def test_what_a_host_is_taking_is_paid_by_hand_in_no_app_and_the_other_way_round(
    town: Town, parking: OpenParking, app: str
) -> None:
    order, mandate_id = await town.order(), await mandate(town, "wechat")
    parked = await stay(town, parking, "wechat")
    await ask(town, order, mandate_id, parked)
    with pytest.raises(WrongStateError, match="charged by a mandate"):
        await town.begin(app, order)
    by_hand = await town.order()
    begun = await town.begin(app, by_hand)
    with pytest.raises(WrongStateError, match="being paid already"):
        await ask(town, by_hand, mandate_id, parked)
    await town.pay(app, begun)
    await town.until(order, "paid", timedelta(seconds=6))
    await town.until(by_hand, "paid", timedelta(seconds=6))
    assert await town.ledger() == {"host": 2 * AMOUNT, OPERATOR: -2 * AMOUNT}


async def test_limits_hold_and_nobody_is_charged_for_another(town: Town, parking: OpenParking) -> None:
    dear, mandate_id = await town.order(amount=5000), await mandate(town, "alipay", 1000)
    parked = await stay(town, parking, "alipay")
    with pytest.raises(AmountRefusedError):
        await ask(town, dear, mandate_id, parked)
    await town.begin("alipay", dear)
    theirs = await town.order("li")
    with pytest.raises(WrongStateError, match="another account"):
        await ask(town, theirs, mandate_id, parked)
