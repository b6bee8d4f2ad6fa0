"""Two more implementations, npm's wechatpay-axios-plugin and wechatpay-node-v3, run by node against the simulator."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from tests.adapters.wechat_pay.conftest import APP, Shop, open_shop
from tests.programs import run

FOLDER = Path(__file__).parent / "node"


async def clients(step: str, given: dict[str, Any], folder: Path) -> Any:
    (folder / "given.json").write_bytes(msgspec.json.encode(given))
    code, output = await run("node", "clients.js", step, "given.json", cwd=folder)
    assert code == 0, output.decode()
    return msgspec.json.decode(output)


def given_to_them(shop: Shop) -> dict[str, Any]:
    keys = shop.simulator.keys
    public = keys.public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = keys.merchant.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = keys.certificates[0]
    return {
        "origin": shop.origin,
        "mchid": keys.merchant.mchid,
        "serial": keys.merchant.serial,
        "privateKey": private.decode(),
        "apiV3Key": keys.api_v3_key.decode(),
        "appid": APP,
        "certs": {keys.public_key_id: public.decode(), certificate.serial: certificate.pem.decode()},
        "order": {
            "description": "停车费",
            "notify_url": shop.receiver.url,
            "amount": {"total": 880, "currency": "CNY"},
            "payer": {"openid": shop.world.subject("wechat", APP, "wang")},
        },
    }


@pytest.mark.skipif(shutil.which("npm") is None, reason="node and npm are not here; test_python_sdk has the flow")
async def test_other_implementations_pay_at_the_simulator(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    code, output = await run("npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1", cwd=tmp_path)
    if code:
        pytest.skip(f"npm cannot install; test_python_sdk has the flow: {output.decode()[-300:]}")
    async with open_shop(prefix="") as shop:  # the plugin signs a base URL's path too, so it stands at the root
        given = given_to_them(shop)
        ordered = await clients("order", given, tmp_path)
        for name, share in (("axios", 1.0), ("node", 0.0)):
            shop.simulator.behaviour.public_key_share = share
            assert await shop.simulator.pay(APP, "wang", ordered[name]) == "requestPayment:ok"
            await shop.tasks.finish()
        callbacks = [{"headers": each.headers, "body": each.body.decode()} for each in shop.receiver.received]
        found = await clients("after", {**given, "callbacks": callbacks}, tmp_path)
    for name in ("axios", "node"):
        check(found[name], name)
    assert [each["verified"] for each in found["axios"]["callbacks"]] == [True, True]
    assert [each["verified"] for each in found["node"]["callbacks"]] == [True]
    assert found["axios"]["callbacks"][0]["content"] == found["axios"]["trade"]
    assert found["node"]["callbacks"][0]["content"] == found["node"]["trade"]


def check(found: dict[str, Any], name: str) -> None:
    assert (found["trade"]["trade_state"], found["trade"]["out_trade_no"]) == ("SUCCESS", f"{name}0001")
    assert found["refund"]["status"] == "PROCESSING"
    assert found["refundFound"]["out_refund_no"] == f"{name}Refund"
    assert (found["closed"], found["absent"]) == (204, "ORDER_NOT_EXIST")
