"""Paying through the graph: begin, open the cashier, be told by the host, show the receipt."""

from datetime import timedelta
from uuid import UUID

import httpx
from sqlmodel import select

from adapters.sandbox.development import APPS
from auth.accounts.tables import Account
from auth.sessions.tables import Session
from flows.payments import mandates
from flows.payments.mandates import NewMandate
from flows.payments.ordering import Line, NewOrder, place_order
from kernel.audit.tables import AuditEntry
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.money import Fen
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, sign_in

ORDER = (
    "query ($id: ID!) { payments { order(id: $id) { state amountFen lines { text amountFen } apps { app open } } } }"
)
BEGIN = "mutation ($order: ID!, $app: String!) { beginPayment(order: $order, app: $app) { number arguments } }"
RECEIPT = """query ($order: ID!) { payments { receipt(order: $order) {
  number payer payee amountFen refundedFen provider transaction lines { text amountFen } page
} } }"""
MANDATES = "{ payments { debitMandates { id state limitEachFen because } } }"


async def account_of(who: Resident) -> UUID:
    async with who.city.gateway.database.session() as session:
        return (await session.get_one(Session, who.given["session"]["id"])).account_id


async def ordered(who: Resident) -> str:
    clock = SystemClock()
    wanted = NewOrder(
        about="parking_session:1",
        account_id=await account_of(who),
        amount=Fen(880),
        subject="停车费 <粤B12345>",
        payee="operator:1",
        idempotency_key="1",
        expires_at=clock.now() + timedelta(minutes=15),
        lines=(Line("1 小时", Fen(500)), Line("30 分钟", Fen(380))),
    )
    async with who.city.gateway.database.session() as session:
        return str((await place_order(session, clock, wanted)).id)


async def test_an_order_is_paid_and_shown_on_a_receipt(city: City, phones: Phones, client: httpx.AsyncClient) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    order = await ordered(who)
    found = (await who.data(ORDER, id=order))["order"]
    assert (found["state"], found["amountFen"]) == ("created", 880)
    assert {each["app"] for each in found["apps"]} == {APPS[host] for host in ("wechat", "alipay", "baidu")}
    assert await who.code(RECEIPT, order=order) == "PAYMENT_STATE_WRONG"
    for query, names in ((ORDER, {"id": order}), (BEGIN, {"order": order, "app": who.app})):
        assert await other.code(query, **names) == "PAYMENT_UNKNOWN"
    assert await who.code(BEGIN, order=order, app="none") == "APP_UNKNOWN"
    assert await who.code(BEGIN, order=order, app=APPS["alipay"]) == "PAYMENT_PAYER_UNKNOWN"
    begun = await who.data(BEGIN, order=order, app=who.app)
    assert (await who.data(BEGIN, order=order, app=who.app))["number"] == begun["number"]
    pay = phones.wechat._cashier
    phones.sandbox.world.plan_fault("wechat_pay.callback", "never")  # its address is not one of this machine
    assert await phones.wechat.pay(who.app, "wang", begun["arguments"]) == "requestPayment:ok"
    assert (await who.data(ORDER, id=order))["order"]["state"] == "pending"
    shown = pay._ledger.order(begun["number"]).shown()  # type: ignore[union-attr]  # it has a merchant
    body = pay._courier._body("TRANSACTION.SUCCESS", "transaction", shown)  # type: ignore[union-attr]  # as above
    headers = pay.keys.sign(body, pay.keys.public_key_id) | {"content-type": "application/json"}  # type: ignore[union-attr]  # as above
    answer = await client.post(f"/callbacks/payments/{who.app}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (200, "SUCCESS")
    assert (await who.data(ORDER, id=order))["order"]["state"] == "paid"
    await named(who)
    receipt = (await who.data(RECEIPT, order=order))["receipt"]
    assert receipt["number"] == begun["number"]
    assert (receipt["amountFen"], receipt["refundedFen"], receipt["provider"]) == (880, 0, "wechat")
    assert receipt["payer"] == "**英"
    for said in (begun["number"], "**英", "¥ 5.00", "¥ 8.80", "停车费 &lt;粤B12345&gt;"):
        assert said in receipt["page"]
    assert await other.code(RECEIPT, order=order) == "PAYMENT_UNKNOWN"
    async with city.gateway.database.session() as session:
        query = select(AuditEntry.actor).where(AuditEntry.action == "payment.begun")
        assert set((await session.exec(query)).all()) == {f"account:{await account_of(who)}"}


async def named(who: Resident) -> None:
    """Give an account a name."""
    async with who.city.gateway.database.session() as session:
        account = await session.get_one(Account, await account_of(who))
        account.name = open_keys(who.city.settings).cipher.seal("account.name", account.id, "王秀英")
        session.add(account)


async def test_a_debit_mandate_is_seen_suspended_and_ended_by_its_owner_alone(city: City, phones: Phones) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    account = await account_of(who)
    async with city.gateway.database.session() as session:
        wanted = NewMandate(
            account_id=account,
            about="vehicle:1",
            provider="wechat",
            app_id=who.app,
            limit_each=Fen(10_000),
            consent_version=1,
        )
        row = await mandates.sign(session, SystemClock(), wanted, f"account:{account}")
        await mandates.step(session, SystemClock(), row.id, "activate", actor="host:wechat", contract="c1")
    (shown,) = (await who.data(MANDATES))["debitMandates"]
    assert (shown["state"], shown["limitEachFen"]) == ("active", 10_000)
    for name, state in (("suspend", "suspended"), ("resume", "active"), ("end", "terminated")):
        change = f"mutation ($id: ID!) {{ {name}DebitMandate(id: $id) {{ state }} }}"
        assert await other.code(change, id=shown["id"]) == "PAYMENT_UNKNOWN"
        assert await who.data(change, id=shown["id"]) == {"state": state}
    assert await who.code(change, id=shown["id"]) == "PAYMENT_STATE_WRONG"
