from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from adapters.channel import Callback, Payment, Refund
from adapters.errors import SignatureRefusedError
from kernel.money import Fen
from tests.adapters.alipay.conftest import APP, CERT_APP, Alipay


async def first(alipay: Alipay) -> Callback:
    return (await alipay.notices(1))[0]


async def test_a_payment_is_told_and_answered_with_success(alipay: Alipay) -> None:
    await alipay.paid("P1")
    callback = await first(alipay)
    await alipay.silence()
    assert isinstance(callback.about, Payment)
    assert (callback.about.number, callback.about.state, callback.about.amount) == ("P1", "paid", 510)
    assert callback.about.payer == alipay.host.people.open_id(APP, "wang")
    assert (callback.reply, len(alipay.posted)) == (b"success", 1)


@pytest.mark.parametrize("answer", [b"success\n", b"SUCCESS", b"\xef\xbb\xbfsuccess", b'"success"', b"", b"ok"])
async def test_any_other_answer_has_it_sent_eight_times_under_one_number(alipay: Alipay, answer: bytes) -> None:
    alipay.answer = answer
    alipay.host._notices._pace = 1e-7
    await alipay.paid("P1")
    await alipay.silence()
    assert len(alipay.posted) == 8
    assert len({callback.message_id for callback in alipay.callbacks}) == 1


async def test_the_sandbox_can_lose_double_delay_and_swap_notices(alipay: Alipay) -> None:
    alipay.world.plan_fault("alipay.callback", "never")
    await alipay.paid("P1")
    alipay.world.plan_fault("alipay.callback", "twice")
    await alipay.paid("P2")
    alipay.world.plan_fault("alipay.callback", "out_of_order")
    await alipay.paid("P3")
    alipay.world.plan_fault("alipay.callback", "late")
    await alipay.paid("P4")
    await alipay.paid("P5")
    await alipay.silence()
    numbers = [each.about.number for each in alipay.callbacks if isinstance(each.about, Payment)]
    assert sorted(numbers) == ["P2", "P2", "P3", "P4", "P5"]
    assert numbers.index("P4") < numbers.index("P3")


async def test_a_wrong_signature_is_refused_and_the_right_one_comes_again(alipay: Alipay) -> None:
    alipay.world.plan_fault("alipay.callback", "bad_signature")
    await alipay.paid("P1")
    await alipay.silence()
    assert alipay.refused == ["The notice is not signed by Alipay"]
    assert len(alipay.callbacks) == 1


@pytest.mark.case("FM-9")
@pytest.mark.parametrize(("fen", "status"), [(100, "TRADE_SUCCESS"), (510, "TRADE_CLOSED")])
async def test_a_refunds_notice_is_not_taken_for_a_payment(alipay: Alipay, fen: int, status: str) -> None:
    await alipay.paid("P1")
    await alipay.channel().refund("R1", Payment(number="P1", state="paid"), Fen(fen), "退款")
    await alipay.notices(2)
    assert Refund(number="R1", order="P1", state="done") in [each.about for each in alipay.callbacks]
    assert f"trade_status={status}".encode() in alipay.posted[-1]


@pytest.mark.case("FM-8")
async def test_a_trade_that_finishes_months_later_is_still_the_paid_one(alipay: Alipay) -> None:
    await alipay.paid("P1")
    before = await first(alipay)
    alipay.clock.advance(timedelta(days=90))
    alipay.host.trades.finish(APP, "P1")
    after = (await alipay.notices(2))[1]
    assert before.about == after.about
    assert before.message_id != after.message_id


def resigned(alipay: Alipay, **changed: str) -> bytes:
    """The first notice with other values, signed by Alipay all the same."""
    fields = dict(parse_qsl(alipay.posted[0].decode())) | changed
    return urlencode(alipay.host._notices.signed(alipay.host.console.apps[APP], fields)).encode()


@pytest.mark.case("FM-8")
async def test_a_full_refund_made_in_the_console_is_told_as_refunded(alipay: Alipay) -> None:
    await alipay.paid("P1")
    await first(alipay)
    body = resigned(alipay, trade_status="TRADE_CLOSED", refund_fee="5.10", gmt_refund="2026-01-01 00:00:00.123")
    about = alipay.channel().read_callback({}, {}, body).about
    assert isinstance(about, Payment)
    assert about.state == "refunded"
    body = resigned(alipay, trade_status="TRADE_CLOSED", gmt_payment="")
    closed = alipay.channel().read_callback({}, {}, body).about
    assert isinstance(closed, Payment)
    assert closed.state == "closed"


@pytest.mark.case("FM-9")
async def test_a_partial_refund_made_in_the_console_is_a_refund_without_our_number(alipay: Alipay) -> None:
    await alipay.paid("P1")
    await first(alipay)
    read = alipay.channel().read_callback
    done = read({}, {}, resigned(alipay, refund_fee="1.00", gmt_refund="2026-01-01 00:00:00")).about
    assert done == Refund(number="", order="P1", state="done")
    pending = read({}, {}, resigned(alipay, refund_fee="1.00", out_biz_no="R1")).about
    assert pending == Refund(number="R1", order="P1", state="pending")
    paid = read({}, {}, resigned(alipay, refund_fee="0.00", out_biz_no="P1")).about
    assert isinstance(paid, Payment)


@pytest.mark.case("FM-15")
async def test_a_genuine_notice_for_another_app_or_merchant_or_long_ago_is_refused(alipay: Alipay) -> None:
    await alipay.paid("P1")
    await first(alipay)
    genuine = alipay.posted[0]
    channel = alipay.channel()
    assert channel.read_callback({}, {}, genuine).message_id
    with pytest.raises(SignatureRefusedError, match="another app"):
        channel.read_callback({}, {}, resigned(alipay, app_id="2021000000000009"))
    with pytest.raises(SignatureRefusedError, match="another merchant"):
        channel.read_callback({}, {}, resigned(alipay, seller_id="2088000000000002"))
    with pytest.raises(SignatureRefusedError, match="another merchant"):
        alipay.channel(seller_id="").read_callback({}, {}, genuine)
    alipay.clock.advance(timedelta(hours=26))
    assert channel.read_callback({}, {}, genuine).message_id
    alipay.clock.advance(timedelta(seconds=1))
    with pytest.raises(SignatureRefusedError, match="too old"):
        channel.read_callback({}, {}, genuine)


@pytest.mark.case("FM-14")
async def test_a_form_that_was_changed_on_the_way_is_refused(alipay: Alipay) -> None:
    await alipay.paid("P1")
    await first(alipay)
    genuine = alipay.posted[0]
    fields = parse_qsl(genuine.decode())
    respaced = urlencode(fields, quote_via=quote).encode()
    assert alipay.channel().read_callback({}, {}, respaced).message_id  # another way to write the very same form
    spoilt = [
        genuine.replace(b"%2B", b"+"),  # base64's plus signs, read as blanks
        urlencode([(name, quote(value)) for name, value in fields]).encode(),  # encoded twice
        genuine.replace(b"5.10", b"5.1"),
        genuine + b"&total_amount=0.01",
        genuine.decode().encode("utf-16"),
        b"",
        b"&".join(b"a%d=1" % number for number in range(300)),
    ]
    for body in spoilt:
        if body != genuine:  # one signature in two hundred has no plus sign to lose
            with pytest.raises(SignatureRefusedError):
                alipay.channel().read_callback({}, {}, body)


@pytest.mark.parametrize(
    "changed",
    [
        {"total_amount": "5.105"},
        {"refund_fee": "much"},
        {"trade_status": "TRADE_DREAMT"},
        {"gmt_payment": "yesterday"},
        {"notify_time": "now"},
        {"notify_time": ""},
        {"notify_id": ""},
        {"out_trade_no": ""},
    ],
)
async def test_a_signed_notice_that_makes_no_sense_is_not_believed(alipay: Alipay, changed: dict[str, str]) -> None:
    await alipay.paid("P1")
    await first(alipay)
    with pytest.raises(SignatureRefusedError):
        alipay.channel().read_callback({}, {}, resigned(alipay, **changed))


@pytest.mark.parametrize("app_id", [APP, CERT_APP])
async def test_the_platforms_messages_are_signed_with_their_sign_type(alipay: Alipay, app_id: str) -> None:
    method = "alipay.open.servicemarket.order.notify"
    alipay.host.push(app_id, method, {"notify_type": "servicemarket_order_notify", "title": "订单 } 通知"})
    event = (await first(alipay)).about
    await alipay.silence()
    assert isinstance(event, dict)
    assert (event["method"], event["title"], event["app_id"]) == (method, "订单 } 通知", app_id)
    assert "sign" not in event
    assert len(alipay.posted) == 1
