"""What comes to our callback URL, over real sockets: whom we believe, and what the platform does if we do not."""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import timedelta

import msgspec
import pytest
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from adapters.channel import Payment, Refund
from adapters.errors import OutcomeUnknownError, SignatureRefusedError
from adapters.http import HostReply, open_http
from adapters.sandbox.rsa_keys import new_key
from adapters.sandbox.wechat_pay.behaviour import RETRY_SECONDS
from adapters.sandbox.wechat_pay.keys import PlatformKeys
from adapters.sandbox.world import Fault, World
from adapters.wechat_pay.account import Account
from adapters.wechat_pay.callbacks import CallbackReader
from adapters.wechat_pay.channel import WeChatPayments
from adapters.wechat_pay.keys import REFRESH_INTERVAL, RENEWAL_INTERVAL, KeyRing
from adapters.wechat_pay.signing import Merchant, UnknownSerialError, seal_resource
from kernel.clock import SystemClock
from kernel.money import Fen
from tests.adapters.wechat_pay.conftest import APP, OTHER_APP, Received, Shop


def downloads(shop: Shop) -> int:
    return len([event for event in shop.world.events if event.what == "certificates"])


async def receive_one(shop: Shop, channel: WeChatPayments, number: str = "order0001") -> Received:
    """A payment's callback as it came, judged by nobody yet."""
    before = len(shop.receiver.received)
    parameters = await channel.prepay(shop.order(number))
    await shop.simulator.pay(APP, "wang", parameters)
    return (await shop.receiver.wait_for(before + 1))[before]


async def ready(shop: Shop, account: Account | None = None) -> WeChatPayments:
    """A channel that has fetched its certificates."""
    channel = shop.channel(account)
    await shop.tasks.finish()
    return channel


@pytest.mark.case("FM-12")
async def test_certificate_and_public_key_are_believed_side_by_side(shop: Shop) -> None:
    channel = await ready(shop)
    serials = set()
    for number, share in enumerate((0.0, 1.0, 0.0, 1.0)):
        shop.simulator.behaviour.public_key_share = share
        came = await receive_one(shop, channel, f"order{number:04}")
        assert isinstance(channel.read_callback(came.headers, {}, came.body).about, Payment)
        serials.add(came.headers["wechatpay-serial"])
    assert serials == {shop.simulator.keys.public_key_id, shop.simulator.keys.certificates[0].serial}
    assert downloads(shop) == 1


@pytest.mark.case("FM-12")
async def test_a_new_certificate_is_fetched_when_it_first_signs_and_the_next_sending_is_accepted(shop: Shop) -> None:
    shop.receiver.channel = channel = await ready(shop)
    shop.simulator.behaviour.public_key_share = 0.0
    shop.simulator.behaviour.retry_scale = 0.02
    new = shop.simulator.keys.add_certificate()
    shop.clock.ahead = shop.our_clock.ahead = REFRESH_INTERVAL
    await receive_one(shop, channel)
    received = await shop.receiver.wait_for(2)
    await shop.tasks.finish()  # it is accepted in the end
    assert {each.headers["wechatpay-serial"] for each in received} == {new.serial}
    assert len({each.body for each in received}) == 1
    assert downloads(shop) == 2


@pytest.mark.case("FM-12")
async def test_a_certificate_that_is_configured_is_believed_before_the_first_download(shop: Shop) -> None:
    shop.simulator.behaviour.public_key_share = 0.0
    came = await receive_one(shop, await ready(shop))
    known = load_pem_x509_certificate(shop.simulator.keys.certificates[0].pem)
    for certificates in ((), (known,)):
        account = msgspec.structs.replace(shop.account(), certificates=certificates)
        async with open_http("http://127.0.0.1:1", "WeChat Pay") as http:
            channel = WeChatPayments(APP, account, http, shop.our_clock, shop.tasks.spawn)
            await shop.tasks.finish()
            with nullcontext() if certificates else pytest.raises(UnknownSerialError):
                assert channel.read_callback(came.headers, {}, came.body)


@pytest.mark.case("FM-12")
async def test_unknown_serials_do_not_make_us_ask_more_than_once_a_minute(shop: Shop) -> None:
    channel = await ready(shop)
    came = await receive_one(shop, channel)
    for minute in range(3):
        shop.clock.ahead = shop.our_clock.ahead = minute * REFRESH_INTERVAL
        for number in range(20):
            timestamp = str(int(shop.our_clock.now().timestamp()))
            forged = {**came.headers, "wechatpay-serial": f"PUB_KEY_ID_{number}", "wechatpay-timestamp": timestamp}
            with pytest.raises(UnknownSerialError):
                channel.read_callback(forged, {}, came.body)
        await shop.tasks.finish()
        assert downloads(shop) == 1 + minute


@pytest.mark.case("FM-12")
@pytest.mark.parametrize("fault", ["unavailable", "bad_signature", "error_after_work"])
async def test_the_old_keys_stay_when_new_ones_cannot_be_had(shop: Shop, fault: Fault) -> None:
    channel = await ready(shop)
    shop.simulator.behaviour.public_key_share = 0.0
    shop.clock.ahead = shop.our_clock.ahead = RENEWAL_INTERVAL
    shop.world.plan_fault("wechat_pay.certificates", fault)
    came = await receive_one(shop, channel)
    await shop.tasks.finish()
    assert downloads(shop) == 2
    assert shop.world.planned_faults() == {}
    assert isinstance(channel.read_callback(came.headers, {}, came.body).about, Payment)


@pytest.mark.case("FM-12")
async def test_a_merchant_without_a_public_key_fetches_what_it_needs_for_its_first_reply(shop: Shop) -> None:
    channel = shop.channel(shop.account(public_key=False))
    payment = await shop.paid(channel, shop.order())
    assert payment.state == "paid"
    await shop.tasks.finish()
    assert downloads(shop) == 1


@pytest.mark.case("FM-12")
async def test_a_reply_with_a_new_certificate_is_judged_again_after_one_download(shop: Shop) -> None:
    channel = await ready(shop, shop.account(public_key=False))
    shop.simulator.keys.add_certificate()
    with pytest.raises(OutcomeUnknownError, match="a key that we do not have"):
        await channel.query("order0001")  # a download was just made
    shop.clock.ahead = shop.our_clock.ahead = REFRESH_INTERVAL
    assert (await channel.query("order0001")).state == "unknown"
    assert downloads(shop) == 2


@pytest.mark.case("FM-12")
async def test_certificates_that_came_with_a_wrong_signature_are_not_believed(shop: Shop) -> None:
    channel = await ready(shop)
    new = shop.simulator.keys.add_certificate()
    shop.clock.ahead = shop.our_clock.ahead = RENEWAL_INTERVAL
    shop.world.plan_fault("wechat_pay.certificates", "bad_signature")
    for _ in range(2):
        with pytest.raises(UnknownSerialError):
            channel.read_callback(shop.simulator.keys.sign(b"{}", new.serial), {}, b"{}")
        await shop.tasks.finish()
    assert downloads(shop) == 2


@pytest.mark.case("FM-12")
async def test_an_expired_certificate_is_no_key(shop: Shop) -> None:
    channel = await ready(shop, shop.account(public_key=False))
    certificate = shop.simulator.keys.certificates[0]
    shop.our_clock.ahead = shop.clock.ahead = certificate.expires - shop.clock.now() + timedelta(minutes=1)
    headers = shop.simulator.keys.sign(b"{}", certificate.serial)
    with pytest.raises(UnknownSerialError):
        channel.read_callback(headers, {}, b"{}")


@pytest.mark.case("FM-13")
async def test_a_probe_is_refused_and_the_genuine_callback_follows(shop: Shop) -> None:
    shop.receiver.channel = channel = await ready(shop)
    shop.world.plan_fault("wechat_pay.callback", "bad_signature")
    came = await receive_one(shop, channel)
    assert came.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    with pytest.raises(SignatureRefusedError, match="not signed by WeChat Pay"):
        channel.read_callback(came.headers, {}, came.body)
    genuine = (await shop.receiver.wait_for(2))[1]
    assert channel.read_callback(genuine.headers, {}, genuine.body).message_id
    await shop.tasks.finish()
    assert len(shop.receiver.received) == 2


@pytest.mark.case("FM-14")
async def test_only_the_bytes_that_came_are_signed(shop: Shop) -> None:
    channel = await ready(shop)
    came = await receive_one(shop, channel)
    again = msgspec.json.format(came.body, indent=1)
    assert msgspec.json.decode(again) == msgspec.json.decode(came.body)
    for changed in (again, came.body + b"\n", came.body[:-1], b""):
        with pytest.raises(SignatureRefusedError, match="not signed by WeChat Pay"):
            channel.read_callback(came.headers, {}, changed)
    assert channel.read_callback(came.headers, {}, came.body)


@pytest.mark.case("FM-15")
@pytest.mark.parametrize("minutes", [5, 60 * 24 * 365, -6])
async def test_a_genuine_callback_of_another_time_is_refused(shop: Shop, minutes: int) -> None:
    channel = await ready(shop)
    came = await receive_one(shop, channel)
    shop.our_clock.ahead = timedelta(minutes=minutes)
    with pytest.raises(SignatureRefusedError, match="not of the last 300 s"):
        channel.read_callback(came.headers, {}, came.body)


@pytest.mark.case("FM-15")
@pytest.mark.parametrize("other", ["mchid", "app_id"])
async def test_a_genuine_callback_for_another_is_refused(shop: Shop, other: str) -> None:
    came = await receive_one(shop, await ready(shop))
    account, app_id = shop.account(), OTHER_APP if other == "app_id" else APP
    if other == "mchid":
        stranger = Merchant("1900000002", account.merchant.serial, account.merchant.key)
        account = msgspec.structs.replace(account, merchant=stranger)
    with pytest.raises(SignatureRefusedError, match="about merchant"):
        shop.channel(account, app_id).read_callback(came.headers, {}, came.body)


@pytest.mark.case("FM-15")
async def test_one_that_does_not_open_with_our_key_is_refused(shop: Shop) -> None:
    came = await receive_one(shop, await ready(shop))
    account = msgspec.structs.replace(shop.account(), api_v3_key="another " * 4)
    with pytest.raises(SignatureRefusedError, match="APIv3 key"):
        shop.channel(account).read_callback(came.headers, {}, came.body)


@pytest.mark.parametrize("changed", [{"resource_type": "plain"}, {"algorithm": "AEAD_SM4_GCM"}])
async def test_a_signed_callback_of_another_make_is_refused(shop: Shop, changed: dict[str, str]) -> None:
    channel = await ready(shop)
    came = await receive_one(shop, channel)
    notice = msgspec.json.decode(came.body)
    for part in (notice, notice["resource"]):
        part.update({name: value for name, value in changed.items() if name in part})
    body = msgspec.json.encode(notice)
    with pytest.raises(SignatureRefusedError, match="AEAD"):
        channel.read_callback(shop.simulator.keys.sign(body, shop.simulator.keys.public_key_id), {}, body)


async def test_headers_may_lack_the_signatures_kind_but_nothing_else(shop: Shop) -> None:
    channel = await ready(shop)
    came = await receive_one(shop, channel)

    def without(name: str) -> Mapping[str, str]:
        return {key: value for key, value in came.headers.items() if key != name}

    assert channel.read_callback(without("wechatpay-signature-type"), {}, came.body)
    for name in ("timestamp", "nonce", "signature", "serial"):
        with pytest.raises(SignatureRefusedError, match=f"no header wechatpay-{name}"):
            channel.read_callback(without(f"wechatpay-{name}"), {}, came.body)


async def test_it_is_sent_until_it_is_accepted_and_no_more_than_the_platform_says(shop: Shop) -> None:
    channel = await ready(shop)
    shop.simulator.behaviour.retry_scale = 0.0
    shop.receiver.answers = [500, 302, 404]
    came = await receive_one(shop, channel)
    await shop.tasks.finish()
    assert len(shop.receiver.received) == 4
    ids = {channel.read_callback(each.headers, {}, each.body).message_id for each in shop.receiver.received}
    assert len(ids) == 1
    assert came.headers["wechatpay-signature"] != shop.receiver.received[1].headers["wechatpay-signature"]
    shop.receiver.answers = [500] * 100
    await receive_one(shop, channel, "order0002")
    await shop.tasks.finish()
    assert len(shop.receiver.received) == 4 + 1 + len(RETRY_SECONDS)
    assert sum(RETRY_SECONDS) == 24 * 3600 + 240


@pytest.mark.parametrize(("fault", "sendings"), [("twice", 2), ("never", 0), ("late", 1), ("out_of_order", 1)])
async def test_callbacks_go_wrong_as_planned(shop: Shop, fault: Fault, sendings: int) -> None:
    shop.receiver.channel = channel = await ready(shop)
    shop.simulator.behaviour.late_seconds = 1.0
    shop.world.plan_fault("wechat_pay.callback", fault)
    assert (await shop.paid(channel, shop.order())).state == "paid"
    if fault in {"late", "out_of_order"}:
        assert shop.receiver.received == []
    await shop.tasks.finish()
    assert len(shop.receiver.received) == sendings


async def test_a_refund_may_be_told_before_its_payment(shop: Shop) -> None:
    shop.receiver.channel = channel = await ready(shop)
    shop.simulator.behaviour.late_seconds = 30
    shop.world.plan_fault("wechat_pay.callback", "out_of_order")
    payment = await shop.paid(channel, shop.order())
    await channel.refund("refund0001", payment, Fen(880), "")
    received = await shop.receiver.wait_for(2)
    first, second = (channel.read_callback(each.headers, {}, each.body).about for each in received)
    assert isinstance(first, Refund)
    assert isinstance(second, Payment)


async def test_other_events_are_handed_on_by_the_platforms_names(shop: Shop) -> None:
    channel = await ready(shop)
    resource = {"mchid": shop.account().merchant.mchid, "plate_number": "粤B12345", "free_duration": 900}
    courier = shop.simulator._courier
    courier.notify(shop.receiver.url, "VEHICLE.ENTRANCE_STATE_CHANGE", "vehicle", resource)
    courier.notify(shop.receiver.url, "VEHICLE.ENTRANCE_STATE_CHANGE", "vehicle", {"sp_mchid": "1"})
    mine, others = sorted(await shop.receiver.wait_for(2), key=lambda each: -len(each.body))
    about = channel.read_callback(mine.headers, {}, mine.body).about
    assert isinstance(about, Mapping)
    assert (about["event_type"], about["plate_number"]) == ("VEHICLE.ENTRANCE_STATE_CHANGE", "粤B12345")
    with pytest.raises(SignatureRefusedError, match="about merchant"):
        channel.read_callback(others.headers, {}, others.body)


@pytest.fixture(scope="module")
def keys() -> PlatformKeys:
    clock = SystemClock()
    world = World(clock, 1, lambda work: work.close())
    return PlatformKeys(clock, world.bytes, world.token, new_key)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "event_type", "resource_type", "resource", "ciphertext", "nonce"]), inner, max_size=6
        )
    ),
    max_leaves=10,
)


def reader_with(keys: PlatformKeys) -> CallbackReader:
    async def download() -> HostReply:
        return HostReply(404, {}, b"")

    public_keys = {keys.public_key_id: keys.public_key}
    ring = KeyRing(public_keys, keys.api_v3_key, SystemClock(), download, lambda work: work.close())
    return CallbackReader(keys.merchant.mchid, APP, keys.api_v3_key, ring)


CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "mchid": st.sampled_from(["1900000001", "1", 1, None]),
        "appid": st.sampled_from([APP, "wx1", 1]),
        "out_trade_no": st.text(max_size=4) | st.none(),
        "out_refund_no": st.text(max_size=4),
        "trade_state": st.sampled_from(["SUCCESS", "REFUND", "NEWS", 1]),
        "refund_status": st.sampled_from(["SUCCESS", "ABNORMAL", "NEWS"]),
        "success_time": st.sampled_from(["2026-11-22T10:34:56+08:00", "soon", "", None, 1]),
        "payer": st.sampled_from([{"openid": "o1"}, {}, None, "o1"]),
        "amount": st.sampled_from([{"total": 1, "refund": 1}, {"total": 1, "currency": "USD"}, {"total": 1.5}, None]),
    },
)


@given(body=st.binary(max_size=60) | JSON.map(msgspec.json.encode))
def test_what_is_signed_but_no_callback_is_refused(keys: PlatformKeys, body: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        reader_with(keys).read(keys.sign(body, keys.public_key_id), body)


@given(
    event=st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.", "NEWS", ""]),
    resource=st.binary(max_size=40) | CONTENT.map(msgspec.json.encode),
)
def test_whatever_is_in_a_resource_is_read_or_refused(keys: PlatformKeys, event: str, resource: bytes) -> None:
    sealed = seal_resource(resource, keys.api_v3_key, "Kj7QIyUiYx1q", "news")
    notice = {"id": "1", "event_type": event, "resource_type": "encrypt-resource", "resource": sealed}
    body = msgspec.json.encode(notice)
    try:
        callback = reader_with(keys).read(keys.sign(body, keys.public_key_id), body)
    except SignatureRefusedError as error:
        assert error.fix  # noqa: PT017 - most contents are refused, and each refusal says what to do
    else:
        assert callback.message_id == "1"
