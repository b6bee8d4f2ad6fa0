from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from litestar import Response

from adapters import rsa
from adapters.baidu.channel import BaiduChannel
from adapters.baidu.signing import signing_string
from adapters.channel import Callback, Payment, Refund
from adapters.errors import SignatureRefusedError
from adapters.sandbox.baidu.behaviour import PaymentService
from adapters.sandbox.baidu.books import BookedOrder
from adapters.sandbox.world import World
from kernel.money import Fen
from tests.adapters.baidu.conftest import APP, DEADLINE_SECONDS, Sandbox, wait_for

FORM = {"content-type": "application/x-www-form-urlencoded"}
NUMBER = "Y2026112500001"
CONSUMED = b'{"errno":0,"msg":"success","data":{"isConsumed":2}}'
PAID = {
    "userId": "149235070",
    "orderId": "800020199",
    "totalMoney": "1250",
    "payMoney": "1250",
    "dealId": "470193086",
    "payTime": "1764502402",
    "promoDetail": "",
    "status": "2",
    "tpOrderId": NUMBER,
    "returnData": "",
}
REFUNDED = {"userId": "1", "orderId": "8", "tpOrderId": NUMBER, "refundBatchId": "1492", "refundStatus": "1"}
AUDIT = {"userId": "1", "orderId": "8", "tpOrderId": NUMBER, "refundBatchId": "1492", "applyRefundMoney": "1250"}


def signed(sandbox: Sandbox, fields: Mapping[str, str]) -> bytes:
    key = sandbox.baidu.keys.platform
    return urlencode({**fields, "rsaSign": rsa.sign(key, signing_string(fields).encode(), "sha1")}).encode()


async def pay(sandbox: Sandbox, channel: BaiduChannel) -> BookedOrder:
    info = await channel.prepay(sandbox.order(await sandbox.sign_in(channel)))
    await sandbox.baidu.pay(APP, "wang", info)
    return sandbox.baidu.cashier.books.orders[NUMBER]


def answering(content: bytes, status: int = 200) -> Any:
    return lambda _: Response(content, status_code=status, media_type="application/json")


@pytest.mark.case("FM-10")
async def test_our_answer_consumes_the_order(sandbox: Sandbox, channel: BaiduChannel) -> None:
    order = await pay(sandbox, channel)
    await wait_for(lambda: order.consumed)
    (callback,) = sandbox.receiver.seen
    assert callback.reply == CONSUMED
    assert callback.reply_type == "application/json"
    assert isinstance(callback.about, Payment)
    assert (callback.about.number, callback.about.state, callback.about.amount) == (NUMBER, "paid", 1250)
    assert callback.about.transaction == str(order.order_id)
    assert callback.about.paid_at == sandbox.clock.now().replace(microsecond=0)
    assert order.refunded == 0


@pytest.mark.case("FM-10")
@pytest.mark.parametrize(
    "content",
    [
        b'{"errno":0,"msg":"success","data":{}}',
        b'{"errno":0,"msg":"success","data":[]}',
        b'{"errno":0,"msg":"success","data":{"isConsumed":2,"isErrorOrder":1}}',
        b'{"errno":1,"msg":"later","data":{"isConsumed":2}}',
        b"success",
        b"",
    ],
)
async def test_any_other_answer_gives_the_money_back(sandbox: Sandbox, channel: BaiduChannel, content: bytes) -> None:
    sandbox.receiver.answer = answering(content)
    order = await pay(sandbox, channel)
    await wait_for(lambda: order.refunded == order.total)
    assert not order.consumed


@pytest.mark.case("FM-10")
async def test_consumed_1_leaves_the_money_stuck(sandbox: Sandbox, channel: BaiduChannel, world: World) -> None:
    sandbox.receiver.answer = answering(b'{"errno":0,"msg":"success","data":{"isConsumed":1}}')
    order = await pay(sandbox, channel)
    await wait_for(lambda: any("stuck" in each.result for each in world.events))
    assert (order.consumed, order.refunded) == (False, 0)


@pytest.mark.case("FM-10")
@pytest.mark.parametrize("content", [b"oops", b'{"errno":5}'])
async def test_or_it_is_sent_again_until_it_is_answered_rightly(
    sandbox: Sandbox, channel: BaiduChannel, content: bytes
) -> None:
    sandbox.baidu.behaviour.refused_reply = "retry"

    def answer(callback: Callback) -> Response[bytes]:
        return Response(content if len(sandbox.receiver.seen) < 3 else callback.reply, status_code=200)

    sandbox.receiver.answer = answer
    order = await pay(sandbox, channel)
    await wait_for(lambda: order.consumed)
    assert len({each.message_id for each in sandbox.receiver.seen}) == 1
    assert len(sandbox.receiver.seen) == 3


@pytest.mark.case("FM-10")
async def test_an_answer_after_the_deadline_is_none(sandbox: Sandbox, channel: BaiduChannel) -> None:
    sandbox.receiver.seconds = DEADLINE_SECONDS * 2
    order = await pay(sandbox, channel)
    await wait_for(lambda: len(sandbox.receiver.seen) >= 2)
    assert not order.consumed
    sandbox.receiver.seconds = 0
    await wait_for(lambda: order.consumed)
    assert order.refunded == 0


@pytest.mark.case("FM-10")
async def test_200_sendings_later_the_money_is_stuck(sandbox: Sandbox, channel: BaiduChannel, world: World) -> None:
    sandbox.baidu.behaviour.retry_scale = 0
    sandbox.receiver.answer = answering(b"", 500)
    order = await pay(sandbox, channel)
    await wait_for(lambda: any(each.result == "given up" for each in world.events))
    assert len(sandbox.receiver.seen) == 201
    assert (order.consumed, order.refunded) == (False, 0)


@pytest.mark.case("FM-10")
@pytest.mark.parametrize(("status", "refunded"), [(2, 0), (1, 1250)])
async def test_a_refund_that_baidu_begins_itself_is_asked_about(sandbox: Sandbox, status: int, refunded: int) -> None:
    service = msgspec.structs.replace(PaymentService(), audit_url=f"{sandbox.origin}/notices")
    sandbox.baidu.cashier._service = service
    channel = sandbox.receiver.channel = sandbox.channel(audit_status=status)

    def answer(callback: Callback) -> Response[bytes]:
        return Response(b"oops" if isinstance(callback.about, Payment) else callback.reply, status_code=200)

    sandbox.receiver.answer = answer
    order = await pay(sandbox, channel)
    await wait_for(lambda: sandbox.baidu.cashier.books.refunds and sandbox.baidu.cashier.books.refunds[0].status != 1)
    assert order.refunded == refunded


@pytest.mark.case("FM-2")
async def test_the_same_notice_twice_has_the_same_id(sandbox: Sandbox, channel: BaiduChannel, world: World) -> None:
    world.plan_fault("baidu.callback", "twice")
    await pay(sandbox, channel)
    await wait_for(lambda: len(sandbox.receiver.seen) == 2)
    assert sandbox.receiver.seen[0].message_id == sandbox.receiver.seen[1].message_id


@pytest.mark.case("FM-1")
async def test_a_lost_notice_is_found_by_a_query(sandbox: Sandbox, channel: BaiduChannel, world: World) -> None:
    world.plan_fault("baidu.callback", "never")
    await pay(sandbox, channel)
    assert (await channel.query(NUMBER)).state == "paid"
    assert not sandbox.receiver.seen


@pytest.mark.case("FM-2")
async def test_a_refund_may_be_told_before_its_payment(sandbox: Sandbox, channel: BaiduChannel, world: World) -> None:
    sandbox.baidu.behaviour.late_seconds = 5
    world.plan_fault("baidu.callback", "out_of_order")
    await pay(sandbox, channel)
    await channel.refund("R1", await channel.query(NUMBER), Fen(1250), "x")
    await wait_for(lambda: len(sandbox.receiver.seen) == 2)
    assert [type(each.about) for each in sandbox.receiver.seen] == [Refund, Payment]


@pytest.mark.parametrize("fault", ["late", "out_of_order", "bad_signature"])
async def test_a_notice_arrives_in_the_end(sandbox: Sandbox, channel: BaiduChannel, world: World, fault: Any) -> None:
    world.plan_fault("baidu.callback", fault)
    order = await pay(sandbox, channel)
    await wait_for(lambda: order.consumed)
    assert sandbox.receiver.refused == (fault == "bad_signature")


async def test_empty_fields_are_signed_and_the_urls_are_not(sandbox: Sandbox, channel: BaiduChannel) -> None:
    body = signed(sandbox, PAID)
    expected = Payment(
        number=NUMBER,
        state="paid",
        amount=Fen(1250),
        transaction="800020199",
        paid_at=datetime.fromtimestamp(1764502402, UTC),
    )
    for query in ({}, {"status": "1", "from": "anyone"}):
        assert channel.read_callback(FORM, query, body).about == expected
    with pytest.raises(SignatureRefusedError):
        channel.read_callback(FORM, {}, body.replace(b"returnData=&", b""))


@pytest.mark.case("FM-15")
@pytest.mark.parametrize(
    ("headers", "change"),
    [
        ({}, lambda body: body),
        ({"content-type": "application/json"}, lambda body: body),
        (FORM, lambda body: body.replace(b"1250", b"0001")),
        (FORM, lambda body: body + b"&extra=1"),
        (FORM, lambda body: body + b"&status=2"),
        (FORM, lambda body: body + b"&%ff=1"),
        (FORM, lambda _: b""),
        (FORM, lambda _: b"\xff=1"),
        (FORM, lambda _: b"&".join(b"a%d=" % number for number in range(200))),
    ],
)
def test_forged_notices_are_refused(
    sandbox: Sandbox, channel: BaiduChannel, headers: Mapping[str, str], change: Any
) -> None:
    with pytest.raises(SignatureRefusedError):
        channel.read_callback(headers, {}, change(signed(sandbox, PAID)))


@pytest.mark.case("FM-15")
def test_a_genuine_notice_of_another_deal_is_refused(sandbox: Sandbox, channel: BaiduChannel) -> None:
    with pytest.raises(SignatureRefusedError, match="another deal"):
        channel.read_callback(FORM, {}, signed(sandbox, PAID | {"dealId": "1"}))


@pytest.mark.parametrize(("status", "state"), [("1", "pending"), ("-1", "closed")])
def test_notices_of_orders_not_paid(sandbox: Sandbox, channel: BaiduChannel, status: str, state: str) -> None:
    callback = channel.read_callback(FORM, {}, signed(sandbox, PAID | {"status": status}))
    assert isinstance(callback.about, Payment)
    assert (callback.about.state, callback.about.paid_at) == (state, None)


@pytest.mark.case("FM-10")
@pytest.mark.parametrize(
    "changed",
    [
        {"status": "3"},
        {"status": ""},
        {"status": "２"},
        {"totalMoney": "12.50"},
        {"totalMoney": "-1"},
        {"totalMoney": "9" * 5000},
        {"tpOrderId": ""},
    ],
)
def test_what_is_signed_but_not_understood_is_never_answered_with_an_error(
    sandbox: Sandbox, channel: BaiduChannel, changed: dict[str, str]
) -> None:
    callback = channel.read_callback(FORM, {}, signed(sandbox, PAID | changed))
    assert callback.reply == CONSUMED
    assert isinstance(callback.about, Mapping)
    assert callback.about["orderId"] == "800020199"


@pytest.mark.parametrize("time", ["", "9" * 18, "-5", "soon"])
def test_a_strange_time_of_payment_loses_no_payment(sandbox: Sandbox, channel: BaiduChannel, time: str) -> None:
    callback = channel.read_callback(FORM, {}, signed(sandbox, PAID | {"payTime": time}))
    assert isinstance(callback.about, Payment)
    assert callback.about.paid_at is None


def test_refund_notices(sandbox: Sandbox, channel: BaiduChannel) -> None:
    for status, state in (("1", "done"), ("2", "failed")):
        callback = channel.read_callback(FORM, {}, signed(sandbox, REFUNDED | {"refundStatus": status}))
        assert callback.about == Refund(number="", order=NUMBER, state=state)  # type: ignore[arg-type]  # of the table
        assert callback.reply == b'{"errno":0,"msg":"success","data":{}}'
    unknown = channel.read_callback(FORM, {}, signed(sandbox, REFUNDED | {"refundStatus": "9"}))
    assert isinstance(unknown.about, Mapping)
    assert unknown.reply == callback.reply


def test_refunds_that_others_ask_for_are_refused_unless_configured(sandbox: Sandbox) -> None:
    body = signed(sandbox, AUDIT)
    refused = sandbox.channel().read_callback(FORM, {}, body)
    agreed = sandbox.channel(audit_status=1).read_callback(FORM, {}, body)
    assert msgspec.json.decode(refused.reply)["data"] == {
        "auditStatus": 2,
        "calculateRes": {"refundPayMoney": 1250},
    }
    assert msgspec.json.decode(agreed.reply)["data"]["auditStatus"] == 1
    assert isinstance(refused.about, Mapping)
    assert refused.about["applyRefundMoney"] == "1250"
    old = {name: value for name, value in AUDIT.items() if name != "applyRefundMoney"}
    reply = sandbox.channel().read_callback(FORM, {}, signed(sandbox, old)).reply
    assert msgspec.json.decode(reply)["data"] == {"auditStatus": 2}
