"""A second implementation, the package wechatpayv3, against the simulator and against our signatures.

Held to what it gets right: it does not know time windows, nor both kinds of keys at once.
"""

import asyncio
import re
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from wechatpayv3 import WeChatPay, WeChatPayType, core  # type: ignore[import-untyped]  # it has no types
from wechatpayv3.utils import build_authorization, rsa_verify  # type: ignore[import-untyped]  # as above

from adapters.wechat_pay.signing import SignedRequest, authorization, pay_sign
from tests.adapters.wechat_pay.conftest import APP, Received, Shop

_PART = re.compile(r'([a-z_]+)="([^"]*)"')
PATH = "/v3/pay/transactions/jsapi"


def pem(shop: Shop) -> str:
    key = shop.simulator.keys.merchant.key
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


async def sdk(shop: Shop, monkeypatch: pytest.MonkeyPatch, *, public_key: bool) -> Any:
    """The package with its gateway, which it has fixed, leading to the simulator."""
    keys = shop.simulator.keys

    class LocalCore(core.Core):  # type: ignore[misc]  # it has no types
        @property
        def _gate_way(self) -> str:
            return shop.origin

        @_gate_way.setter
        def _gate_way(self, fixed: str) -> None: ...

    monkeypatch.setattr(core, "Core", LocalCore)
    public: dict[str, str] = {}
    if public_key:
        encoded = keys.public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        public = {"public_key": encoded.decode(), "public_key_id": keys.public_key_id}
    return await asyncio.to_thread(
        WeChatPay,
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=keys.merchant.mchid,
        private_key=pem(shop),
        cert_serial_no=keys.merchant.serial,
        appid=APP,
        apiv3_key=keys.api_v3_key.decode(),
        notify_url=shop.receiver.url,
        timeout=5,
        **public,
    )


async def ask(call: Any, expect: int, **arguments: Any) -> Any:
    status, text = await asyncio.to_thread(call, **arguments)
    assert status == expect, text
    return msgspec.json.decode(text) if text else None


async def received(shop: Shop, number: int) -> Received:
    return (await shop.receiver.wait_for(number))[number - 1]


@pytest.mark.parametrize("public_key", [True, False])
async def test_it_orders_pays_is_told_refunds_and_closes(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    public_key: bool,  # noqa: FBT001 - parametrised
) -> None:
    shop.simulator.behaviour.public_key_share = float(public_key)
    theirs = await sdk(shop, monkeypatch, public_key=public_key)
    payer = {"openid": shop.world.subject("wechat", APP, "wang")}
    order = {"description": "停车费", "amount": {"total": 880}, "payer": payer}
    answer = await ask(theirs.pay, 200, out_trade_no="order0001", **order)
    package = f"prepay_id={answer['prepay_id']}"
    parameters = {"timeStamp": "1795613632", "nonceStr": "abc", "package": package, "signType": "RSA"}
    signature = theirs.sign([APP, "1795613632", "abc", package])
    assert signature == pay_sign(shop.simulator.keys.merchant.key, APP, "1795613632", "abc", package)
    assert await shop.simulator.pay(APP, "wang", {**parameters, "paySign": signature}) == "requestPayment:ok"
    trade = await ask(theirs.query, 200, out_trade_no="order0001")
    assert (trade["trade_state"], trade["amount"]["total"]) == ("SUCCESS", 880)
    assert await ask(theirs.query, 200, transaction_id=trade["transaction_id"]) == trade
    came = await received(shop, 1)
    assert (await asyncio.to_thread(theirs.callback, came.headers, came.body))["resource"] == trade
    amount = {"refund": 300, "total": 880, "currency": "CNY"}
    refund = await ask(theirs.refund, 200, out_refund_no="refund0001", out_trade_no="order0001", amount=amount)
    assert refund["status"] == "PROCESSING"
    came = await received(shop, 2)
    told = await asyncio.to_thread(theirs.callback, came.headers, came.body)
    assert (told["event_type"], told["resource"]["refund_status"]) == ("REFUND.SUCCESS", "SUCCESS")
    assert (await ask(theirs.query_refund, 200, out_refund_no="refund0001"))["status"] == "SUCCESS"
    await ask(theirs.pay, 200, out_trade_no="order0002", **order)
    await ask(theirs.close, 204, out_trade_no="order0002")
    assert (await ask(theirs.query, 200, out_trade_no="order0002"))["trade_state"] == "CLOSED"


async def test_it_reads_the_same_refusals(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = await sdk(shop, monkeypatch, public_key=True)
    assert (await ask(theirs.query, 404, out_trade_no="order0001"))["code"] == "ORDER_NOT_EXIST"
    payer = {"openid": shop.world.subject("wechat", APP, "wang")}
    order = {"description": "停车费", "amount": {"total": 0}, "payer": payer}
    assert (await ask(theirs.pay, 400, out_trade_no="order0001", **order))["code"] == "PARAM_ERROR"
    shop.world.plan_fault("wechat_pay.query", "error_after_work")
    assert (await ask(theirs.query, 404, out_trade_no="order0001"))["code"] == "ORDER_NOT_EXIST"


async def test_a_probe_is_no_valid_signature_for_it_either(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = await sdk(shop, monkeypatch, public_key=True)
    shop.world.plan_fault("wechat_pay.callback", "bad_signature")
    await shop.paid(shop.channel(), shop.order())
    probe = await received(shop, 1)
    assert await asyncio.to_thread(theirs.callback, probe.headers, probe.body) is None


async def test_both_sign_requests_alike(shop: Shop) -> None:
    merchant = shop.simulator.keys.merchant
    body = '{"a":"停车"}'
    header = build_authorization(PATH, "POST", merchant.mchid, merchant.serial, merchant.key, body)
    parts = dict(_PART.findall(header))
    request = SignedRequest("POST", PATH, parts["timestamp"], parts["nonce_str"], body.encode())
    assert authorization(merchant, request) == header


async def test_it_verifies_what_our_side_of_the_platform_signs(shop: Shop) -> None:
    keys = shop.simulator.keys
    head = keys.sign("{}停车".encode(), keys.public_key_id)
    parts = (head[f"wechatpay-{name}"] for name in ("timestamp", "nonce"))
    assert rsa_verify(*parts, "{}停车", head["wechatpay-signature"], keys.public_key)
