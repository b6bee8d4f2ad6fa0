"""The simulated Baidu's bills of orders: three reports, each an address without a signature.

Columns are those that Baidu's documents show for its bill of money; the separator and the encoding are guesses. Baidu
keeps 0.60 % of a payment, whole fen.
"""

from collections.abc import Sequence
from datetime import date, datetime

from adapters.bills import TIME_FORM, BillLine
from adapters.sandbox.baidu.behaviour import PaymentService
from adapters.sandbox.baidu.books import Books, refused
from adapters.sandbox.baidu.serving import HOST, Call
from adapters.sandbox.bills import Drawer
from adapters.sandbox.world import World
from kernel.clock import CHINA
from kernel.money import Fen, format_yuan

_HEAD = ("交易时间", "APPID", "百度订单号", "业务订单号", "用户标识")
_REFUND = ("百度退款单号", "业务方退款批次号", "退款金额", "退款状态")
_TAIL = ("公司名称", "手续费", "费率")
_REPORTS = {"所有订单": "", "成功支付订单": "payment", "退款订单": "refund"}
_RATE_PERMILLE = 6


class OrderBills:
    """The bills of one payment service."""

    def __init__(self, world: World, service: PaymentService, books: Books) -> None:
        self._world = world
        self._service = service
        self._books = books
        self._drawer = Drawer(world, f"{HOST}.bill_file")
        self._files: dict[str, bytes] = {}

    def order_bill(self, call: Call) -> object:
        """``orderBill``; without an address while it is made. Baidu has no hash, so ``wrong_hash`` cuts the files."""
        if call.get("pmAppKey") != self._service.app_key:
            raise refused(10002, "appKey not found")
        try:
            day = date.fromisoformat(call.get("billTime"))
        except ValueError as error:
            raise refused(10001, "billTime invalid") from error
        drawn = self._drawer.draw(day, self._lines())
        if drawn is None:
            return {"totalCount": 1, "data": [{"downloadName": f"{day}.csv", "exportStatus": 1, "url": ""}]}
        if not drawn.lines:
            return {"totalCount": 0, "data": []}
        files = []
        for title, kind in _REPORTS.items():
            name = self._world.token(16)
            content = self._written(title, [each for each in drawn.lines if kind in {"", each.kind}], kind)
            self._files[name] = content[: len(content) // 4] if drawn.fault == "wrong_hash" else content
            address = f"{call.base}/bill/{name}.csv"
            files.append({"downloadName": f"{day}{title}.csv", "exportStatus": 2, "url": address})
        return {"totalCount": len(files), "data": files}

    def file(self, name: str) -> bytes | None:
        return self._files.get(name)

    def _lines(self) -> list[BillLine]:
        paid = [
            BillLine(
                number=each.number,
                transaction=str(each.order_id),
                kind="payment",
                amount=Fen(each.total),
                fee=_fee(each.total),
                at=each.paid_at,
            )
            for each in self._books.orders.values()
            if each.paid_at is not None
        ]
        return paid + [
            BillLine(
                number=each.order.number,
                transaction=str(each.order.order_id),
                kind="refund",
                amount=Fen(each.amount),
                fee=Fen(-_fee(each.amount)),
                at=each.done_at,
                refund=each.number,
            )
            for each in self._books.refunds
            if each.status == 2 and each.done_at is not None
        ]

    def _written(self, title: str, lines: Sequence[BillLine], kind: str) -> bytes:
        middle = {"payment": ("订单支付状态", "订单金额(元)"), "refund": _REFUND}
        columns = (*_HEAD, *middle.get(kind, (*middle["payment"], *_REFUND)), *_TAIL)
        rows = [
            f"#百度支付当日{title}明细查询",
            f"#Dealid:[{self._service.deal_id}]",
            f"#总交易单数:{len(lines)}",
            f"#——————当日{title}明细列表———————",
            "\t".join(columns),
            *("\t".join(self._row(each)[name] for name in columns) for each in lines),
        ]
        return "".join(f"{row}\r\n" for row in rows).encode()

    def _row(self, line: BillLine) -> dict[str, str]:
        order, paid = self._books.orders[line.number], line.kind == "payment"
        batch = next((each.batch for each in self._books.refunds if each.number == line.refund), "")
        return {
            "交易时间": _time(line.at),
            "APPID": self._service.app_key,
            "百度订单号": line.transaction,
            "业务订单号": line.number,
            "用户标识": str(order.user_id),
            "订单支付状态": "已消费" if paid else "退款成功",
            "订单金额(元)": format_yuan(line.amount if paid else Fen(order.total)),
            "百度退款单号": str(batch),
            "业务方退款批次号": line.refund,
            "退款金额": "" if paid else format_yuan(line.amount),
            "退款状态": "" if paid else "退款成功",
            "公司名称": "沙箱",
            "手续费": format_yuan(line.fee),
            "费率": "0.60%",
        }


def _fee(amount: int) -> Fen:
    return Fen((amount * _RATE_PERMILLE + 500) // 1000)


def _time(time: datetime) -> str:
    return time.astimezone(CHINA).strftime(TIME_FORM)
