"""The bills of every host app that has a cashier, drawn by the simulators from their own books."""

import asyncio
import io
import random
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta

import pytest
from redis.asyncio import Redis

from adapters.alipay import bills as alipay
from adapters.bills import Bill, read_amount, read_fee, read_rows
from adapters.errors import BillNotReadyError, BillUnreadableError
from adapters.sandbox.world import Fault
from kernel.clock import CHINA, ManualClock, SystemClock
from kernel.money import Fen
from tests.adapters.town import Town, open_town

PLACES = {"wechat": "wechat_pay.bill_file", "alipay": "alipay.bill_file", "baidu": "baidu.bill_file"}

hosts = pytest.mark.parametrize("host", PLACES)


@pytest.fixture
async def town(redis: Redis) -> AsyncIterator[Town]:
    """A town at twenty to midnight in Beijing, so that a day's end is near."""
    today = SystemClock().now().astimezone(CHINA).date()
    async with open_town(redis, ManualClock(datetime.combine(today, time(23, 40), CHINA))) as opened:
        yield opened


def today(town: Town) -> date:
    return town.sandbox.clock.now().astimezone(CHINA).date()


async def paid(town: Town, host: str, *numbers: str) -> None:
    for place, number in enumerate(numbers):
        await town.pay(host, await town.prepay(host, number, Fen(1000 + place)))
    await town.told(len(numbers))


async def given_back(town: Town, host: str, number: str, refund: str, amount: Fen) -> None:
    channel = town.channel(host)
    payment = await channel.query(number)
    await channel.refund(refund, payment, amount, "提前离场")
    async with asyncio.timeout(10):
        while (await channel.query_refund(refund, payment)).state != "done":
            await asyncio.sleep(0.02)


async def the_bill(town: Town, host: str, day: date) -> Bill:
    """Fetch a bill at noon of the day after."""
    noon = datetime.combine(day + timedelta(days=1), time(12), CHINA)
    town.sandbox.clock.advance(max(noon - town.sandbox.clock.now(), timedelta(0)))
    return await town.channel(host).bill(day)


@hosts
async def test_a_bill_has_what_was_paid_and_given_back_on_its_day(town: Town, host: str) -> None:
    day = today(town)
    await paid(town, host, "order0001", "order0002")
    await given_back(town, host, "order0001", "refund0001", Fen(300))
    town.sandbox.clock.advance(timedelta(minutes=20))
    await town.pay(host, await town.prepay(host, "order0003"))
    transaction = (await town.channel(host).query("order0001")).transaction
    bill = await the_bill(town, host, day)
    lines = sorted(bill.lines, key=lambda each: (each.kind, each.number))  # all of one moment
    assert [(each.kind, each.number, each.amount, each.refund) for each in lines] == [
        ("payment", "order0001", 1000, ""),
        ("payment", "order0002", 1001, ""),
        ("refund", "order0001", 300, "refund0001"),
    ]
    assert [each.fee for each in lines] == [6, 6, -2]
    assert lines[0].transaction == transaction
    assert {each.at.astimezone(CHINA).date() for each in lines} == {day}
    assert [each.number for each in (await the_bill(town, host, day + timedelta(days=1))).lines] == ["order0003"]


@hosts
async def test_a_bill_is_asked_for_again_until_it_is_made(town: Town, host: str) -> None:
    day = today(town)
    await paid(town, host, "order0001")
    with pytest.raises(BillNotReadyError, match="not over"):
        await town.channel(host).bill(day)
    town.sandbox.clock.advance(timedelta(hours=8))
    with pytest.raises(BillNotReadyError):
        await town.channel(host).bill(day)
    town.sandbox.world.plan_fault(PLACES[host], "not_ready")
    if host == "alipay":  # whose word for it is the same as that for a day on which nothing was paid
        assert (await the_bill(town, host, day)).lines == ()
    else:
        with pytest.raises(BillNotReadyError):
            await the_bill(town, host, day)
    assert len((await the_bill(town, host, day)).lines) == 1


@hosts
async def test_a_day_without_payments_is_an_empty_bill(town: Town, host: str) -> None:
    assert (await the_bill(town, host, today(town) - timedelta(days=1))).lines == ()


@hosts
async def test_a_damaged_bill_is_not_believed(town: Town, host: str) -> None:
    day = today(town)
    await paid(town, host, "order0001")
    town.sandbox.world.plan_fault(PLACES[host], "wrong_hash")
    with pytest.raises(BillUnreadableError):
        await the_bill(town, host, day)


@hosts
@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("line_missing", [("order0001", 1000)]),
        ("line_doubled", [("order0001", 1000), ("order0002", 1001), ("order0002", 1001)]),
        ("amount_changed", [("order0001", 1000), ("order0002", 1000)]),
        ("late", [("order0001", 1000)]),
    ],
)
async def test_what_is_wrong_with_a_bill_on_purpose_reads_as_it_stands(
    town: Town, host: str, fault: Fault, wanted: list[tuple[str, int]]
) -> None:
    day = today(town)
    await paid(town, host, "order0001", "order0002")
    town.sandbox.world.plan_fault(PLACES[host], fault)
    assert [(each.number, each.amount) for each in (await the_bill(town, host, day)).lines] == wanted
    after = await the_bill(town, host, day + timedelta(days=1))
    assert [each.number for each in after.lines] == (["order0002"] if fault == "late" else [])


def archive(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("账务明细.csv", text.encode("gb18030"))
    return packed.getvalue()


def test_no_damaged_archive_is_believed_or_crashes() -> None:
    whole, chance = archive("\n支付宝交易号,商户订单号\n" + "2026113022001,order\n" * 50), random.Random(5)  # noqa: S311 - repeatable
    for _ in range(3000):
        damaged = bytearray(whole[: chance.choice((len(whole), chance.randrange(1, len(whole))))])
        for _ in range(chance.choice((1, 2, 5))):
            damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
        with pytest.raises(BillUnreadableError):
            alipay.opened(bytes(damaged))


def test_a_value_too_long_for_csv_is_said() -> None:
    with pytest.raises(BillUnreadableError, match="no CSV"):
        read_rows(["支付宝交易号", "x" * 200_000])


def test_amounts_are_exact_and_fees_are_rounded() -> None:
    assert read_amount(" 12.50") == 1250
    assert read_amount("-3.00") == -300
    assert [read_fee(each) for each in ("0.00600", "0.00500", "0.00499", "-0.12", "1")] == [1, 1, 0, -12, 100]
    for wrong in ("12.505", "1e3", "", "NaN"):
        with pytest.raises(BillUnreadableError):
            read_amount(wrong)
    with pytest.raises(BillUnreadableError):
        read_fee("0.123456")
