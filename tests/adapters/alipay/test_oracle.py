"""Alipay's own SDK for node (alipay-sdk 4) has to get on with the simulator: it signs, and believes what it gets."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.channel import Payment
from kernel.money import Fen
from tests.adapters.alipay.conftest import APP, CERT_APP, CONTENT_KEY, Alipay
from tests.programs import run

FOLDER = Path(__file__).parent / "oracle"
SUBJECT = '停车费 } 南门 "sign":"x"'


def config(alipay: Alipay, app_id: str) -> dict[str, str]:
    console = alipay.host.console
    key = console.app_key(app_id).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    common = {
        "appId": app_id,
        "privateKey": key,
        "gateway": f"{alipay.origin}/gateway.do",
        "encryptKey": CONTENT_KEY,
    }
    if not console.apps[app_id].certificates:
        return common | {"alipayPublicKey": console.public_key().decode()}
    return common | {
        "appCertContent": console.app_certificate(app_id).decode(),
        "alipayPublicCertContent": console.alipay_certificate().decode(),
        "alipayRootCertContent": console.root_certificates().decode(),
    }


def calls(alipay: Alipay, app_id: str) -> dict[str, Any]:
    """What the SDK is to call; of encrypted replies it cannot check the signature."""
    buyer = alipay.host.people.open_id(app_id, "li")
    order = {"out_trade_no": "P1", "total_amount": "5.10", "subject": SUBJECT, "buyer_open_id": buyer}
    code = {"grantType": "authorization_code", "code": alipay.host.login(app_id, "li")}
    create = {"bizContent": order, "notifyUrl": alipay.notify_url}
    encrypted = {"bizContent": {"out_trade_no": "P1"}, "needEncrypt": True}
    listed: list[tuple[str, str, dict[str, Any], bool]] = [
        ("token", "alipay.system.oauth.token", code, True),
        ("again", "alipay.system.oauth.token", code, False),
        ("created", "alipay.trade.create", create, True),
        ("found", "alipay.trade.query", {"bizContent": {"out_trade_no": "P1"}}, True),
        ("missing", "alipay.trade.query", {"bizContent": {"out_trade_no": "P9"}}, True),
        ("encrypted", "alipay.trade.query", encrypted, False),
        ("spoilt", "alipay.trade.close", {"bizContent": {"out_trade_no": "P9"}}, True),
    ]
    return {
        name: {"method": method, "parameters": given, "validateSign": check} for name, method, given, check in listed
    }


async def asked(folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    (folder / "input.json").write_bytes(msgspec.json.encode(given))
    code, output = await run("node", "oracle.js", "input.json", cwd=folder, env={"TZ": "Asia/Shanghai"})
    assert code == 0, output.decode()
    return msgspec.json.decode(output, type=dict[str, Any])


@pytest.fixture
async def sdk(tmp_path: Path) -> Path:
    """The folder in which the SDK is installed."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    code, output = await run("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", cwd=tmp_path)
    if code:
        pytest.skip(f"npm cannot install Alipay's SDK: {output.decode()[-300:]}")
    return tmp_path


@pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not here; the vectors hold the signatures")
@pytest.mark.parametrize("app_id", [APP, CERT_APP])
async def test_alipays_own_sdk_gets_on_with_the_simulator(alipay: Alipay, sdk: Path, app_id: str) -> None:
    begun = {"outer_order_no": "C1", "biz_code": "FACE", "identity_param": {}, "merchant_config": {}}
    initialize = {
        "method": "alipay.user.certify.open.initialize",
        "parameters": {"bizContent": begun},
        "validateSign": True,
    }
    given = {"config": config(alipay, app_id), "calls": calls(alipay, app_id) | {"face": initialize}}
    alipay.world.plan_fault("alipay.trade.close", "bad_signature")
    found = await asked(sdk, given | {"notices": [], "pages": []})

    assert found["token"]["access_token"].startswith("authusrB")
    assert "code" not in found["token"]
    assert found["again"]["sub_code"] == "isv.code-invalid"
    assert (found["created"]["code"], found["created"]["out_trade_no"]) == ("10000", "P1")
    assert (found["found"]["subject"], found["found"]["trade_status"]) == (SUBJECT, "WAIT_BUYER_PAY")
    assert found["missing"]["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert found["encrypted"]["subject"] == SUBJECT
    assert "验签失败" in found["spoilt"]["thrown"]  # so the others were checked

    assert await alipay.host.pay(app_id, "li", {"tradeNO": found["created"]["trade_no"]}) == "9000"
    order = Payment(number="P1", state="paid")
    await alipay.channel(app_id).refund("R1", order, Fen(100), "退款")
    alipay.host.push(app_id, "alipay.open.servicemarket.order.notify", {"notify_type": "servicemarket_order_notify"})
    await alipay.notices(3)
    notices = [dict(parse_qsl(body.decode())) for body in alipay.posted]
    forged = notices[0] | {"total_amount": "0.01"}
    page = {"method": "alipay.user.certify.open.certify", "bizContent": {"certify_id": found["face"]["certify_id"]}}
    rest = await asked(sdk, given | {"calls": {}, "notices": [*notices, forged], "pages": [page]})
    assert rest["notices"] == [True, True, True, False]
    async with aiohttp.ClientSession() as browser, browser.get(rest["pages"][0]) as answer:
        assert found["face"]["certify_id"] in await answer.text()
