"""Debit mandates through the graph: signed here, agreed to on the host's page, standing by the host's word."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import httpx

from adapters.sandbox.alipay.simulator import SimulatedAlipay
from adapters.sandbox.alipay.trades import written_time
from adapters.sandbox.development import APPS
from flows.parking.gathering import Deps
from flows.parking.vehicles import prove
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from tests.gateway.conftest import City
from tests.gateway.residents.car_park import vehicle
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_payments import account_of

SIGN = """mutation ($vehicle: ID!, $app: String!, $limit: Int!, $version: Int!) {
  signDebitMandate(vehicle: $vehicle, app: $app, limitFen: $limit, consentVersion: $version) {
    mandate { id state about limitEachFen } arguments
  }
}"""
TERMS = {"limit": 5000, "version": 1}


async def test_a_mandate_stands_once_the_resident_has_agreed_in_wechat(city: City, phones: Phones) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    car = await vehicle(who, "沪A12345")
    asked = {"vehicle": car, "app": who.app, **TERMS}
    assert await other.code(SIGN, **asked) == "VEHICLE_UNKNOWN"
    assert await who.code(SIGN, **asked | {"app": APPS["baidu"]}) == "APP_UNKNOWN"
    assert await who.code(SIGN, **asked | {"limit": 0}) == "PAYMENT_AMOUNT_REFUSED"
    assert await who.code(SIGN, **asked | {"version": 0}) == "ARGUMENT_REFUSED"
    assert await who.code(SIGN, **asked | {"app": APPS["alipay"]}) == "PAYMENT_PAYER_UNKNOWN"
    begun = await who.data(SIGN, **asked)
    assert begun["mandate"] | {"id": ""} == {
        "id": "", "state": "signed", "about": f"vehicle:{car}", "limitEachFen": 5000,
    }  # fmt: skip
    assert await who.data(SIGN, **asked) == begun
    assert await who.code(SIGN, **asked | {"limit": 6000}) == "DEBIT_MANDATE_EXISTS"
    assert phones.wechat.agree(who.app, "wang", begun["arguments"]) == "navigateToMiniProgram:ok"
    standing = await who.data(SIGN, **asked)
    assert (standing["mandate"]["state"], standing["arguments"]) == ("active", None)
    assert (await who.data(SIGN, **asked))["mandate"]["id"] == begun["mandate"]["id"]


async def test_alipays_callback_makes_a_mandate_stand_and_ends_it(
    city: City, phones: Phones, client: httpx.AsyncClient
) -> None:
    who = await sign_in(city, phones, "wang", "alipay")
    car = await vehicle(who, "沪A12345")
    asked = {"vehicle": car, "app": who.app, **TERMS}
    assert await who.code(SIGN, **asked) == "VEHICLE_UNPROVEN"
    async with city.gateway.database.session() as session:
        deps = Deps(session, SystemClock(), open_keys(city.settings))
        await prove(deps, await account_of(who), UUID(car), "vehicle_licence")
    begun = await who.data(SIGN, **asked)
    alipay = phones._host("alipay")
    assert isinstance(alipay, SimulatedAlipay)
    phones.sandbox.world.plan_fault("alipay.callback", "never")  # its address is not one of this machine
    assert alipay.agree(who.app, "wang", begun["arguments"]) == "7000"

    async def told(kind: str, status: str, **more: str) -> httpx.Response:
        fields = {
            "notify_time": written_time(SystemClock().now() - timedelta(seconds=1)),
            "notify_type": kind,
            "notify_id": kind,
            "app_id": who.app,
            "status": status,
            "external_agreement_no": begun["mandate"]["id"].replace("-", ""),
            "agreement_no": "20886",
        }
        notice = alipay._notices.signed(alipay.console.apps[who.app], fields | more)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await client.post(f"/callbacks/parking/{who.app}", content=urlencode(notice), headers=headers)

    async def state() -> str:
        (shown,) = (await who.data("{ payments { debitMandates { state } } }"))["debitMandates"]
        return str(shown["state"])

    assert (await told("dut_user_sign", "STOP")).text == "fail"
    assert (await told("dut_user_sign", "NORMAL", app_id="2021000000000002")).text == "fail"
    assert (await told("dut_user_sign", "NORMAL", external_agreement_no="1")).text == "success"  # of nothing of ours
    assert await state() == "signed"
    for _ in range(2):
        assert (await told("dut_user_sign", "NORMAL")).text == "success"
        assert await state() == "active"
    assert (await told("dut_user_unsign", "UNSIGN", agreement_no="another")).text == "success"
    assert await state() == "active"
    for kind, status in (("dut_user_unsign", "UNSIGN"), ("dut_user_sign", "NORMAL")):
        assert (await told(kind, status)).text == "success"
        assert await state() == "terminated"
