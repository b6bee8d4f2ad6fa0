"""The hosts' bills against our books, with each difference seeded at the simulators (PK-13)."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.errors import BillNotReadyError
from adapters.sandbox.development import APPS
from adapters.sandbox.world import Fault
from flows.payments.errors import UnknownOrderError, WrongStateError
from flows.payments.reconciliation.closing import close
from flows.payments.reconciliation.reconciling import reconcile
from flows.payments.reconciliation.reporting import as_csv, as_json, as_text, reports
from flows.payments.reconciliation.tasks import reconcile_due
from kernel.clock import CHINA, ManualClock, SystemClock
from kernel.database import Database
from kernel.ids import uuid7
from kernel.settings import Settings
from tests.adapters.town import open_town
from tests.payments.reconciled_town import HOSTS, ReconciledTown

PART = {"wechat": 300, "alipay": 300, "baidu": 880}  # Baidu parts only what its notice was answered for

hosts = pytest.mark.parametrize("host", HOSTS)


@pytest.fixture
async def books(settings: Settings, database: Database, redis: Redis) -> AsyncIterator[ReconciledTown]:
    today = SystemClock().now().astimezone(CHINA).date()
    async with open_town(redis, ManualClock(datetime.combine(today, time(23, 30), CHINA))) as town:
        yield ReconciledTown(settings, database, redis, town)


@pytest.mark.case("PK-13")
@hosts
async def test_what_agrees_is_counted_and_what_nobody_told_us_is_applied_once(books: ReconciledTown, host: str) -> None:
    order, _ = await books.paid(host)
    part = PART[host]
    await books.given_back(order, part)
    lost, number = await books.paid(host, 1500, heard=False)
    assert await books.reconciled(host) == {"matched:payment": 1, "matched:refund": 1, "only_channel:payment": 1}
    assert await books.differences(host) == [("only_channel", number, "applied")]
    assert await books.state(lost) == "paid"
    assert await books.balance("operator:1") == -(880 - part + 1500)
    await books.hear(host, number)  # the callback, at last
    assert await books.reconciled(host) == {"matched:payment": 2, "matched:refund": 1}
    assert await books.differences(host) == [("only_channel", number, "applied")]
    assert await books.balance("operator:1") == -(880 - part + 1500)


@pytest.mark.case("PK-13")
@pytest.mark.parametrize("host", ["wechat", "alipay"])
async def test_what_was_paid_twice_goes_back_and_nothing_else_does(books: ReconciledTown, host: str) -> None:
    other = "baidu"
    order = await books.order()
    first, second = await books.begin(other, order), await books.begin(host, order)
    await books.pay(other, first)
    await books.pay(host, second, heard=False)
    for _ in range(2):
        assert await books.reconciled(host) == {"duplicate_payment:payment": 1}
        assert await books.differences(host) == [("duplicate_payment", second.number, "given_back")]
        (back,) = await books.refunds(second.number)
        assert (back.amount, back.because) == (880, "twice")
    await books.moved(back.number)
    assert await books.reconciled(other) == {"matched:payment": 1}
    assert await books.refunds(first.number) == []
    assert await books.balance("operator:1") == -880
    tomorrow = books.day + timedelta(days=1)  # on which the refund was made
    assert await books.reconciled(host, tomorrow) == {"matched:refund": 1}


@pytest.mark.case("PK-13")
@hosts
@pytest.mark.parametrize(
    ("fault", "found"),
    [("line_missing", "only_ours"), ("line_doubled", "duplicate_payment"), ("amount_changed", "amount_diff")],
)
async def test_a_bill_that_is_wrong_is_for_people_and_moves_no_money(
    books: ReconciledTown, host: str, fault: Fault, found: str
) -> None:
    _, sound = await books.paid(host)
    _, number = await books.paid(host, 1500)
    books.clock.advance(timedelta(hours=12))  # the payments are no longer near midnight
    books.day += timedelta(days=1)
    _, late = await books.paid(host, 700)
    books.fault(host, fault)
    assert (await books.reconciled(host))[f"{found}:payment"] == 1
    assert await books.differences(host) == [(found, late, "open")]
    assert await books.balance("operator:1") == -(880 + 1500 + 700)
    assert not [each for number in (sound, number, late) for each in await books.refunds(number)]
    await books.reconciled(host)  # the host has mended its bill
    assert await books.differences(host) == [(found, late, "gone")]


@pytest.mark.case("PK-13")
@hosts
async def test_a_refund_that_the_host_does_not_bill_is_missed(books: ReconciledTown, host: str) -> None:
    books.clock.advance(timedelta(hours=12))
    books.day += timedelta(days=1)
    order, _ = await books.paid(host)
    number = await books.given_back(order, PART[host])
    books.fault(host, "line_missing")
    assert await books.reconciled(host) == {"matched:payment": 1, "refund_missing:refund": 1}
    assert await books.differences(host) == [("refund_missing", number, "open")]


@hosts
async def test_a_payment_before_midnight_may_stand_in_the_next_day_s_bill(books: ReconciledTown, host: str) -> None:
    books.clock.advance(timedelta(minutes=29, seconds=30))
    await books.paid(host)
    books.fault(host, "late")
    tomorrow = books.day + timedelta(days=1)
    assert await books.reconciled(host) == {}
    assert await books.reconciled(host, tomorrow) == {"matched:payment": 1}
    assert await books.reconciled(host) == {}  # again, and in another order
    assert await books.differences(host) == []


async def test_a_payment_that_neither_day_s_bill_has_is_missed_by_the_second(books: ReconciledTown) -> None:
    books.clock.advance(timedelta(minutes=29, seconds=30))
    _, number = await books.paid("wechat")
    books.fault("wechat", "line_missing")
    assert await books.reconciled("wechat") == {}
    assert await books.reconciled("wechat", books.day + timedelta(days=1)) == {"only_ours:payment": 1}
    assert await books.differences("wechat") == [("only_ours", number, "open")]


async def test_the_worker_reconciles_each_day_that_is_over_once_whatever_keeps_another_away(
    books: ReconciledTown, caplog: pytest.LogCaptureFixture
) -> None:
    books.clock.advance(timedelta(minutes=29, seconds=30))
    _, number = await books.paid("wechat")
    await reconcile_due(books.context)
    assert await books.bills() == []
    books.clock.advance(timedelta(hours=24))
    await books.paid("alipay")
    books.clock.advance(timedelta(hours=12, minutes=10))
    days = [books.day, books.day + timedelta(days=1)]
    keeps_away: list[tuple[Fault, str]] = [("not_ready", "not made yet"), ("wrong_hash", "could not be had")]
    for fault, said in keeps_away:
        caplog.clear()
        with caplog.at_level("INFO", "flows.payments.reconciliation"):
            books.fault("wechat", fault)  # the first day's
            await reconcile_due(books.context)
        [away] = [each for each in caplog.records if said in each.message]
        assert (vars(away)["app"], vars(away)["day"]) == (APPS["wechat"], days[0].isoformat())
        assert {(each.app_id, each.day) for each in await books.bills()} == {
            (APPS["wechat"], days[1]),
            (APPS["alipay"], days[1]),
        }
    assert await books.differences("wechat") == [("only_ours", number, "open")]  # as far as the second day's bill says
    for _ in range(2):
        books.clock.advance(timedelta(hours=1))
        await reconcile_due(books.context)
        assert sorted(each.day for each in await books.bills() if each.app_id == APPS["wechat"]) == days
    assert await books.differences("wechat") == [("only_ours", number, "gone")]
    assert await books.differences("alipay") == []


async def test_another_app_s_lines_in_a_merchant_s_bill_are_left_to_it(books: ReconciledTown) -> None:
    _, number = await books.paid("wechat")
    await books.paid("alipay")
    theirs, ours = await books.bill("wechat"), await books.bill("alipay")
    strange = msgspec.structs.replace(theirs.lines[0], number="0" * 32)
    async with books.database.session() as session:
        both = msgspec.structs.replace(ours, lines=(*ours.lines, *theirs.lines, strange))
        row = await reconcile(session, books.clock, both)
    assert row.found["matched:payment"]["count"] == 1
    assert await books.differences("alipay") == [("only_channel", "0" * 32, "open")]
    assert number != "0" * 32


async def test_an_empty_bill_takes_nothing_back_that_was_there(books: ReconciledTown) -> None:
    await books.paid("alipay")
    assert await books.reconciled("alipay") == {"matched:payment": 1}
    books.fault("alipay", "not_ready")  # for which Alipay has the word of a day without payments
    assert await books.reconciled("alipay") == {"matched:payment": 1}
    books.fault("wechat", "not_ready")
    with pytest.raises(BillNotReadyError):
        await books.reconciled("wechat")


async def test_people_read_and_close_what_is_open(books: ReconciledTown) -> None:
    books.clock.advance(timedelta(hours=12))
    books.day += timedelta(days=1)
    _, number = await books.paid("wechat")
    books.fault("wechat", "amount_changed")
    await books.reconciled("wechat")
    async with books.database.session() as session:
        (report,) = await reports(session, books.day, books.day, APPS["wechat"])
    (found,) = report.differences
    assert (report.open, found.ours, found.hosts) == (1, 880, 879)
    assert f"amount_diff, open: payment {number}, ours 8.80, host 8.79" in as_text([report])
    (row,) = csv.DictReader(io.StringIO(as_csv([report])))
    assert (row["number"], row["ours"], row["hosts"], row["state"]) == (number, "880", "879", "open")
    assert msgspec.json.decode(as_json([report]))[0]["differences"][0]["id"] == str(found.id)
    async with books.database.session() as session:
        await close(session, books.clock, found.id, "settled in the console")
    books.fault("wechat", "amount_changed")
    await books.reconciled("wechat")
    assert await books.differences("wechat") == [("amount_diff", number, "closed")]
    async with books.database.session() as session:
        with pytest.raises(WrongStateError):
            await close(session, books.clock, found.id, "")
        with pytest.raises(UnknownOrderError):
            await close(session, books.clock, uuid7(), "")
