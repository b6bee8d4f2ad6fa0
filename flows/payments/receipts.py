"""Receipts: what a resident can show of a payment, as data and as a page to print. They name no whole person.

A receipt is no tax invoice (fapiao), which the payee issues.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from flows.payments.errors import WrongStateError
from flows.payments.states import PAID_ORDERS
from flows.payments.tables import PaymentAttempt, PaymentOrder
from kernel.clock import CHINA
from kernel.crypto.fields import FieldCipher
from kernel.masks import masked_name
from kernel.money import Fen, format_yuan


class ReceiptLine(Struct, frozen=True):
    """What a part of the amount is for."""

    text: str
    amount: Fen


class Receipt(Struct, frozen=True, kw_only=True):
    """A payment on paper. ``number`` is ours, as the host's bill has it; ``transaction`` the host's own."""

    number: str
    subject: str
    payer: str  # a masked name, empty while the account has none
    payee: str
    lines: Sequence[ReceiptLine]
    amount: Fen
    refunded: Fen
    paid_at: datetime
    provider: str  # empty: nothing was to be paid
    transaction: str


async def receipt_of(session: AsyncSession, cipher: FieldCipher, order: PaymentOrder) -> Receipt:
    """Return the receipt of a paid order. Raises WrongStateError."""
    if order.state not in PAID_ORDERS or order.paid_at is None:
        raise WrongStateError(f"The order is {order.state}: there is no receipt of it", fix="Pay it first.")
    attempt = await session.get(PaymentAttempt, order.paid_by) if order.paid_by else None
    account = await session.get_one(Account, order.account_id)
    name = "" if account.name is None else masked_name(cipher.open("account.name", account.id, account.name))
    lines = [_line(each) for each in order.lines] or [ReceiptLine(order.subject, Fen(order.amount))]
    return Receipt(
        number=order.id.hex if attempt is None else attempt.number,
        subject=order.subject,
        payer=name,
        payee=order.payee,
        lines=lines,
        amount=Fen(order.amount),
        refunded=Fen(order.refunded),
        paid_at=order.paid_at,
        provider="" if attempt is None else attempt.provider,
        transaction="" if attempt is None else attempt.transaction,
    )


def page(receipt: Receipt) -> str:
    """Return a page of HTML to print, without scripts or anything from elsewhere."""
    rows = [(each.text, f"¥ {format_yuan(each.amount)}") for each in receipt.lines]
    facts = {
        "收据编号 Receipt": receipt.number,
        "付款人 Payer": receipt.payer or "—",
        "收款方 Payee": receipt.payee,
        "支付时间 Paid at": f"{receipt.paid_at.astimezone(CHINA):%Y-%m-%d %H:%M:%S} UTC+8",
        "支付渠道 Paid in": _HOSTS.get(receipt.provider, "—"),
        "渠道单号 Transaction": receipt.transaction or "—",
    }
    return _PAGE.render(
        subject=receipt.subject,
        facts=facts,
        rows=rows,
        total=format_yuan(receipt.amount),
        refunded=format_yuan(receipt.refunded) if receipt.refunded else "",
    )


def _line(stored: Mapping[str, Any]) -> ReceiptLine:
    return ReceiptLine(stored["text"], Fen(stored["amount"]))


_HOSTS = {"wechat": "微信支付 WeChat Pay", "alipay": "支付宝 Alipay", "baidu": "百度收银台 Baidu"}
_PAGE = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>{{ subject }}</title>
<meta name="viewport" content="width=device-width">
<style>body{font:16px/1.6 sans-serif;max-width:40em;margin:2em auto;padding:0 1em}
table{width:100%;border-collapse:collapse}td,th{padding:.3em 0;border-bottom:1px solid #ccc;text-align:left}
td:last-child{text-align:right}</style></head><body>
<h1>收据 Receipt</h1><p>{{ subject }}</p>
<table>{% for name, value in facts.items() %}<tr><th scope="row">{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}
</table><h2>明细 Lines</h2><table>{% for text, amount in rows %}<tr><td>{{ text }}</td><td>{{ amount }}</td></tr>
{% endfor %}<tr><th scope="row">合计 Total</th><td>¥ {{ total }}</td></tr>
{% if refunded %}<tr><th scope="row">已退款 Refunded</th><td>¥ {{ refunded }}</td></tr>{% endif %}</table>
<p>本收据不是发票。This is no tax invoice.</p></body></html>
""")
