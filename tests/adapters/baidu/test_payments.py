import msgspec
import pytest
from litestar import Response, get

from adapters.baidu.channel import BaiduChannel
from adapters.baidu.refusals import refusal
from adapters.baidu.wire import Answer
from adapters.channel import HostIdentity, Payment, Refund
from adapters.errors import (
    HostConfigurationError,
    HostQuotaError,
    NotOfferedError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from adapters.sandbox.baidu.behaviour import PaymentService
from adapters.sandbox.world import World
from kernel.money import Fen
from tests.adapters.baidu.conftest import APP, OTHER_APP, Sandbox, wait_for
from tests.adapters.simulators import serve_handlers

NUMBER = "Y2026112500001"
OK = "requestPolymerPayment:ok"


async def paid(sandbox: Sandbox, channel: BaiduChannel, amount: int = 1250) -> Payment:
    """Have an order paid and consumed; return what a query says."""
    order = sandbox.order(await sandbox.sign_in(channel), amount=amount)
    assert await sandbox.baidu.pay(APP, "wang", await channel.prepay(order)) == OK
    await wait_for(lambda: sandbox.baidu.cashier.books.orders[NUMBER].consumed)
    return await channel.query(NUMBER)


async def test_an_order_is_signed_here_and_unknown_until_the_cashier_opens(
    sandbox: Sandbox, channel: BaiduChannel
) -> None:
    info = await channel.prepay(sandbox.order(await sandbox.sign_in(channel)))
    assert info["appKey"] == sandbox.cashier.app_key != APP
    assert (info["totalAmount"], info["signFieldsRange"]) == ("1250", "1")
    assert msgspec.json.decode(info["bizInfo"]) == {}
    assert await channel.query(NUMBER) == Payment(number=NUMBER, state="unknown")
    order = sandbox.baidu.open_cashier(APP, "wang", info)
    pending = Payment(number=NUMBER, state="pending", amount=Fen(1250), transaction=str(order.order_id))
    assert await channel.query(NUMBER) == pending
    assert await sandbox.baidu.pay(APP, "wang", info) == OK
    assert await channel.query(NUMBER) == msgspec.structs.replace(pending, state="paid")


async def test_the_cashier_refuses_what_was_changed_on_the_phone(sandbox: Sandbox, channel: BaiduChannel) -> None:
    info = dict(await channel.prepay(sandbox.order(await sandbox.sign_in(channel))))
    for changed in ({"totalAmount": "1"}, {"appKey": APP}, {"rsaSign": "x"}, {"tpOrderId": "Y2"}):
        assert "errCode:6" in await sandbox.baidu.pay(APP, "wang", info | changed)
    assert "bizInfo" in await sandbox.baidu.pay(APP, "wang", info | {"bizInfo": "text"})
    assert await sandbox.baidu.pay(APP, "wang", info) == OK
    assert "已支付" in await sandbox.baidu.pay(APP, "wang", info)


async def test_orders_that_must_not_reach_a_host(sandbox: Sandbox, channel: BaiduChannel) -> None:
    payer = await sandbox.sign_in(channel)
    with pytest.raises(OrderRefusedError, match="Nothing"):
        await channel.prepay(sandbox.order(payer, amount=0))
    with pytest.raises(OrderRefusedError, match=OTHER_APP):
        await channel.prepay(sandbox.order(HostIdentity("baidu", OTHER_APP, "x")))
    for url in ("http://gov.example/n", "https://gov.example/n?x=1", "ftp://gov.example", "https://gov.example/#a"):
        with pytest.raises(HostConfigurationError, match="cannot call"):
            await channel.prepay(sandbox.order(payer, notify_url=url))


async def test_an_unpaid_order_is_closed_and_cannot_be_paid_then(sandbox: Sandbox, channel: BaiduChannel) -> None:
    info = await channel.prepay(sandbox.order(await sandbox.sign_in(channel)))
    await channel.close(NUMBER)  # nobody opened it: nothing to cancel, and it stays payable
    assert (await channel.query(NUMBER)).state == "unknown"
    sandbox.baidu.open_cashier(APP, "wang", info)
    await channel.close(NUMBER)
    await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).state == "closed"
    assert "已取消" in await sandbox.baidu.pay(APP, "wang", info)


async def test_a_paid_order_is_not_closed(sandbox: Sandbox, channel: BaiduChannel) -> None:
    await paid(sandbox, channel)
    with pytest.raises(OrderRefusedError, match="is paid"):
        await channel.close(NUMBER)


async def test_a_refund_is_accepted_then_done_and_told(sandbox: Sandbox, channel: BaiduChannel) -> None:
    order = await paid(sandbox, channel)
    assert await channel.query_refund("R1", order) == Refund(number="R1", order=NUMBER, state="unknown")
    accepted = await channel.refund("R1", order, Fen(250), "停车费多收")
    assert accepted == Refund(number="R1", order=NUMBER, state="pending", amount=Fen(250))
    await wait_for(lambda: len(sandbox.receiver.seen) == 2)
    assert sandbox.receiver.seen[1].about == Refund(number="", order=NUMBER, state="done")
    assert (await channel.query_refund("R1", order)).state == "done"


async def test_the_same_refund_again_gives_nothing_more_back(sandbox: Sandbox, channel: BaiduChannel) -> None:
    order = await paid(sandbox, channel)
    for _ in range(2):
        assert (await channel.refund("R1", order, Fen(1000), "x")).state == "pending"
    assert sandbox.baidu.cashier.books.orders[NUMBER].refunded == 1000
    with pytest.raises(OrderRefusedError, match="10001"):
        await channel.refund("R2", order, Fen(1000), "x")
    assert (await channel.refund("R3", order, Fen(250), "x")).amount == 250


async def test_a_refund_that_fails_is_told_as_one_though_notices_count_otherwise(
    sandbox: Sandbox, channel: BaiduChannel
) -> None:
    sandbox.baidu.behaviour.refund_fails = True
    order = await paid(sandbox, channel)
    await channel.refund("R1", order, Fen(1250), "x")
    await wait_for(lambda: len(sandbox.receiver.seen) == 2)
    assert sandbox.receiver.seen[1].about == Refund(number="", order=NUMBER, state="failed")
    assert (await channel.query_refund("R1", order)).state == "failed"


async def test_our_own_refunds_are_not_asked_about(sandbox: Sandbox, channel: BaiduChannel) -> None:
    service = msgspec.structs.replace(PaymentService(), audit_url=f"{sandbox.origin}/notices")
    sandbox.baidu.cashier._service = service
    order = await paid(sandbox, channel)
    await channel.refund("R1", order, Fen(1250), "x")
    await wait_for(lambda: len(sandbox.receiver.seen) == 2)
    assert isinstance(sandbox.receiver.seen[1].about, Refund)


@pytest.mark.parametrize("amount", [0, -1, 1251])
async def test_impossible_amounts_are_not_asked_for(sandbox: Sandbox, channel: BaiduChannel, amount: int) -> None:
    order = Payment(number=NUMBER, state="paid", amount=Fen(1250))
    with pytest.raises(OrderRefusedError, match="cannot be given back"):
        await channel.refund("R1", order, Fen(amount), "x")
    with pytest.raises(OrderRefusedError, match="knows no order"):
        await channel.refund("R1", order, Fen(1), "x")


@pytest.mark.case("FM-3")
@pytest.mark.parametrize("fault", ["error_after_work", "slow"])
async def test_a_refund_of_unknown_outcome_is_asked_for_again_with_its_number(
    sandbox: Sandbox, channel: BaiduChannel, world: World, fault: str
) -> None:
    order = await paid(sandbox, channel)
    world.plan_fault("baidu.refund", fault)  # type: ignore[arg-type]  # one of the faults
    with pytest.raises(OutcomeUnknownError):
        await channel.refund("R1", order, Fen(1250), "x")
    assert (await channel.refund("R1", order, Fen(1250), "x")).state == "pending"
    assert sandbox.baidu.cashier.books.orders[NUMBER].refunded == 1250


async def test_another_payment_app_key_finds_nothing(sandbox: Sandbox, channel: BaiduChannel) -> None:
    await paid(sandbox, channel)
    other = sandbox.channel(app_key="MMMother")
    assert (await other.query(NUMBER)).state == "unknown"


async def test_without_a_payment_service_nothing_is_offered(sandbox: Sandbox) -> None:
    channel = BaiduChannel(sandbox.http, sandbox.app, sandbox.tokens.get, sandbox.tokens.failed, clock=sandbox.clock)
    order = sandbox.order(HostIdentity("baidu", APP, "x"))
    with pytest.raises(NotOfferedError):
        await channel.prepay(order)
    with pytest.raises(NotOfferedError):
        channel.read_callback({}, {}, b"")


FOUND = {"tpOrderId": NUMBER, "orderId": 1, "userId": 1, "status": 2, "totalMoney": 1250}


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (502, FOUND),
        (200, FOUND | {"tpOrderId": "Y9"}),
        (200, FOUND | {"status": 7}),
        (200, FOUND | {"totalMoney": "12.5"}),
        (200, FOUND | {"totalMoney": -1}),
        (200, {"tpOrderId": NUMBER, "status": 2}),
        (200, "paid"),
    ],
)
async def test_an_answer_about_something_else_is_never_believed(sandbox: Sandbox, status: int, data: object) -> None:
    @get("/rest/2.0/smartapp/pay/paymentservice/findByTpOrderId")
    async def answer() -> Response[bytes]:
        return Response(msgspec.json.encode({"errno": 0, "msg": "success", "data": data}), status_code=status)

    async with serve_handlers([answer]) as origin:
        channel = BaiduChannel(
            sandbox.http.at(origin, "Baidu"),
            sandbox.app,
            sandbox.tokens.get,
            sandbox.tokens.failed,
            clock=sandbox.clock,
            cashier=sandbox.cashier,
        )
        with pytest.raises(OutcomeUnknownError):
            await channel.query(NUMBER)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Answer(errno=10000, msg="hush"), HostConfigurationError),
        (Answer(errno=10001, msg="hush"), OrderRefusedError),
        (Answer(errno=10002, errmsg="hush"), OrderRefusedError),
        (Answer(errno=10003, msg="hush"), OutcomeUnknownError),
        (Answer(errno=930, msg="hush"), HostConfigurationError),
        (Answer(error_code=970, error_msg="hush"), HostConfigurationError),
        (Answer(error_code=5010003, error_msg="hush"), HostQuotaError),
        (Answer(errno=424242, msg="hush"), HostConfigurationError),
        (Answer(error="invalid_scope", error_description="hush"), HostConfigurationError),
        (Answer(error="hush hush"), HostConfigurationError),
    ],
)
def test_refusals_in_every_envelope(said: Answer, error: type[Exception]) -> None:
    refused = refusal("refund", said)
    assert type(refused) is error
    assert "hush" not in f"{refused.message} {refused.fix}"


def test_settings_show_no_secret(sandbox: Sandbox) -> None:
    assert repr(sandbox.cashier) == f"BaiduCashier({sandbox.cashier.app_key}, {sandbox.cashier.deal_id})"
    assert repr(sandbox.app) == f"BaiduApp({APP})"
