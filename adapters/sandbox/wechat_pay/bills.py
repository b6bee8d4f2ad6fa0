"""The simulated WeChat Pay's trade bills, made of its books: the call that names one, and the file itself.

Refunds stand on the day on which they were taken in hand, as they stood when the bill was made. A host keeps 0.60 % of
a payment, to five decimals, and gives it back with a refund.
"""

import gzip
import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from adapters.bills import TIME_FORM, BillLine
from adapters.sandbox.bills import Drawer, Drawn
from adapters.sandbox.wechat_pay.gate import Call
from adapters.sandbox.wechat_pay.ledger import Ledger, Order, Refund
from adapters.sandbox.wechat_pay.refusal import RefusalError
from adapters.sandbox.wechat_pay.serving import HOST, File
from adapters.sandbox.world import World
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan

_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
_REFUND_STATES = {"ABNORMAL": "CHANGE", "CLOSED": "FAIL"}


class TradeBills:
    """The bills of one merchant."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._drawer = Drawer(world, f"{HOST}.bill_file")
        self._files: dict[str, bytes] = {}

    def tradebill(self, call: Call) -> object:
        """``GET /v3/bill/tradebill``."""
        day = _day(call.query.get("bill_date", ""))
        if call.query.get("bill_type", "ALL") != "ALL":
            raise RefusalError(400, "PARAM_ERROR", "bill_type只支持ALL")
        drawn = self._drawer.draw(day, self._lines())
        if drawn is None:
            raise RefusalError(400, "STATEMENT_CREATING", "账单生成中")
        if not drawn.lines:
            raise RefusalError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        plain = self._written(drawn)
        token = self._world.token(32)
        self._files[token] = gzip.compress(plain) if call.query.get("tar_type") == "GZIP" else plain
        hashed = plain[:-1] if drawn.fault == "wrong_hash" else plain
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(hashed, usedforsecurity=False).hexdigest(),
            "download_url": f"{call.origin}/v3/billdownload/file?token={token}",
        }

    def file(self, call: Call) -> object:
        """``GET /v3/billdownload/file``; the request is signed as any other, the reply is not."""
        content = self._files.get(call.query.get("token", ""))
        if content is None:
            raise RefusalError(400, "INVALID_REQUEST", "token无效或已过期")
        return File(content)

    def _lines(self) -> list[BillLine]:
        paid = [_payment(each, each.paid_at) for each in self._ledger.orders() if each.paid_at is not None]
        return paid + [_refund(each) for each in self._ledger.refunds()]

    def _written(self, drawn: Drawn) -> bytes:
        rows = [_COLUMNS, *(self._row(each) for each in drawn.lines), _TOTALS, _total(drawn.lines)]
        return "\ufeff".encode() + "".join(f"{row}\r\n" for row in rows).encode()

    def _row(self, line: BillLine) -> str:
        order = self._ledger.order(line.number)
        asked, paid = order.request, line.kind == "payment"
        refund = None if paid else self._ledger.refund_of(line.refund)
        amount = format_yuan(line.amount)
        fee = _fee(line.amount if paid else -line.amount)
        values = [
            line.at.astimezone(CHINA).strftime(TIME_FORM),
            *(asked.appid, asked.mchid, "0", ""),
            *(line.transaction, line.number, asked.payer.openid, "JSAPI", "SUCCESS" if paid else "REFUND"),
            *("OTHERS", "CNY", amount if paid else "0.00", "0.00"),
            *("0" if refund is None else refund.refund_id, line.refund or "0", "0.00" if paid else amount, "0.00"),
            *("" if paid else "ORIGINAL", "" if refund is None else _REFUND_STATES.get(refund.status, refund.status)),
            *(asked.description, asked.attach or "", fee, "0.60%"),
            *(amount if paid else "0.00", "0.00" if paid else amount, ""),
        ]
        return ",".join(f"`{value}" for value in values)


def _payment(order: Order, paid_at: datetime) -> BillLine:
    return BillLine(
        number=order.request.out_trade_no,
        transaction=order.transaction_id,
        kind="payment",
        amount=Fen(order.request.amount.total),
        at=paid_at,
    )


def _refund(refund: Refund) -> BillLine:
    return BillLine(
        number=refund.order.request.out_trade_no,
        transaction=refund.order.transaction_id,
        kind="refund",
        amount=Fen(refund.request.amount.refund),
        at=refund.created_at,
        refund=refund.request.out_refund_no,
    )


def _total(lines: Sequence[BillLine]) -> str:
    paid = Fen(sum(each.amount for each in lines if each.kind == "payment"))
    back = Fen(sum(each.amount for each in lines if each.kind == "refund"))
    fee = _fee(paid - back)
    values = (
        str(len(lines)),
        format_yuan(paid),
        format_yuan(back),
        "0.00",
        fee,
        format_yuan(paid),
        format_yuan(back),
    )
    return ",".join(f"`{value}" for value in values)


def _fee(fen: int) -> str:
    """Return 0.60 % in yuan with five decimals: six units of the last of them for each fen."""
    yuan, rest = divmod(abs(fen) * 6, 100_000)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:05}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusalError(400, "PARAM_ERROR", "bill_date格式错误") from error
