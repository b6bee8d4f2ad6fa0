"""The simulated Alipay's trade bills: a zip of two CSV files in GBK, at an address that lives half a minute.

What was given back stands on the day on which it was done. Alipay keeps 0.60 % of a payment, whole fen.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from adapters.bills import TIME_FORM, BillLine
from adapters.sandbox.alipay.protocol import Call, Refusal
from adapters.sandbox.alipay.trades import Trade, Trades
from adapters.sandbox.bills import Drawer, Drawn
from adapters.sandbox.world import World
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan

_LIVES = timedelta(seconds=30)
_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_SUMMARY = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）"
_RATE_PERMILLE = 6


class TradeBills:
    """The bills of the one merchant that owns all apps: they have every app's trades."""

    def __init__(self, world: World, trades: Trades) -> None:
        self._world = world
        self._trades = trades
        self._drawer = Drawer(world, "alipay.bill_file")
        self._files: dict[str, tuple[datetime, bytes]] = {}

    def query(self, call: Call) -> Mapping[str, object]:
        """Answer ``alipay.data.dataservice.bill.downloadurl.query``, of days only."""
        if call.text("bill_type") != "trade":
            raise Refusal("40004", "isp.invalid_arguments")
        try:
            day = date.fromisoformat(call.text("bill_date"))
        except ValueError as error:
            raise Refusal("40004", "isp.invalid_arguments") from error
        drawn = self._drawer.draw(day, self._lines(call.app.seller_id))
        if drawn is None or not drawn.lines:
            raise Refusal("40004", "isp.bill_not_exist")
        name = self._world.token(24)
        self._files[name] = (self._world.clock.now() + _LIVES, self._archive(call.app.seller_id, day, drawn))
        return {"bill_download_url": f"{call.base}/bill/{name}.zip"}

    def file(self, name: str) -> bytes | None:
        """Return an archive; None once it is too late."""
        until, content = self._files.get(name, (self._world.clock.now(), b""))
        return content if self._world.clock.now() < until else None

    def _lines(self, seller: str) -> list[BillLine]:
        trades = [each for each in self._trades.all() if each.app.seller_id == seller]
        return [line for each in trades for line in _lines(each)]

    def _archive(self, seller: str, day: date, drawn: Drawn) -> bytes:
        stem, packed = f"{seller}0156_{day:%Y%m%d}_业务明细", io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
            files.writestr(f"{stem}(汇总).csv", f"#支付宝业务汇总查询\r\n{_SUMMARY}\r\n".encode("gbk"))
            files.writestr(f"{stem}.csv", self._written(seller, day, drawn.lines).encode("gbk", "replace"))
        content = packed.getvalue()
        return content[: len(content) // 2] if drawn.fault == "wrong_hash" else content

    def _written(self, seller: str, day: date, lines: Sequence[BillLine]) -> str:
        until = day + timedelta(days=1)
        rows = [
            "#支付宝业务明细查询",
            f"#账号：[{seller}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{until:%Y年%m月%d日} 00:00:00]",
            "#-----------------------------------------业务明细列表----------------------------------------",
            _COLUMNS,
            *(self._row(each) for each in lines),
            "#-----------------------------------------业务明细列表结束------------------------------------",
            *(f"#{word}合计：{_count(lines, kind)}笔" for word, kind in (("交易", "payment"), ("退款", "refund"))),
        ]
        return "".join(f"{row}\r\n" for row in rows)

    def _row(self, line: BillLine) -> str:
        trade = next(each for each in self._trades.all() if each.trade_no == line.transaction)
        paid = line.kind == "payment"
        amount, fee = format_yuan(line.amount if paid else Fen(-line.amount)), format_yuan(Fen(-line.fee))
        values = [
            *(f"{line.transaction}\t", f"{line.number}\t", "交易" if paid else "退款"),
            trade.subject.replace(",", "，").replace('"', ""),
            *(_time(trade.created_at), _time(line.at), "", "", "", "", "res***@sandbox"),
            *(amount, amount, *["0.00"] * 5, "", "0.00", "0.00", f"{line.refund}\t" if line.refund else ""),
            *(fee, "0.00", ""),
        ]
        return ",".join(values)


def _lines(trade: Trade) -> list[BillLine]:
    names = {"number": trade.number, "transaction": trade.trade_no}
    lines = []
    if trade.paid_at is not None:
        fee = _fee(trade.amount)
        lines.append(BillLine(**names, kind="payment", amount=trade.amount, fee=fee, at=trade.paid_at))
    for number, each in trade.refunds.items():
        if each.done_at is not None:
            fee, at = Fen(-_fee(each.amount)), each.done_at
            lines.append(BillLine(**names, kind="refund", amount=each.amount, fee=fee, at=at, refund=number))
    return lines


def _fee(amount: Fen) -> Fen:
    return Fen((amount * _RATE_PERMILLE + 500) // 1000)


def _count(lines: Sequence[BillLine], kind: str) -> int:
    return sum(each.kind == kind for each in lines)


def _time(time: datetime) -> str:
    return time.astimezone(CHINA).strftime(TIME_FORM)
