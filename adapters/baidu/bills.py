"""Baidu's bill of orders: a call that names files, and in them what was paid and what was given back.

Its documents of 2021 show three reports (all orders, those paid, those given back), whose first row says which one it
is, and their columns. Unverified, so to be compared with a real file: whether the bill of orders has the columns that
are shown for the bill of money, what parts them, the encoding, when it is made, what ``exportStatus`` counts.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date

from adapters.baidu import wire
from adapters.baidu.app import BaiduCashier
from adapters.baidu.client import BaiduClient
from adapters.bills import (
    LAYOUT,
    Bill,
    BillLine,
    LineKind,
    check_over,
    nothing_billed,
    read_amount,
    read_fee,
    read_rows,
    read_time,
)
from adapters.errors import BillNotReadyError, BillUnreadableError
from kernel.clock import Clock

_HOST = "Baidu"
_PATH = "/rest/2.0/smartapp/pay/paymentservice/orderBill"
_REPORTS: Mapping[str, LineKind] = {"成功支付订单": "payment", "退款订单": "refund"}
_FIRST_COLUMN = "交易时间"
_DONE = "退款成功"
_COUNT = re.compile(r"^#总\w*单数[:：]\s*(\d+)", re.MULTILINE)


class BaiduBills:
    """The bills of one payment service."""

    def __init__(self, client: BaiduClient, app_id: str, cashier: BaiduCashier, clock: Clock) -> None:
        self._client = client
        self._app_id = app_id
        self._cashier = cashier
        self._clock = clock

    async def bill(self, day: date) -> Bill:
        """Fetch a day's bill. BillNotReadyError, BillUnreadableError, and what calls raise."""
        check_over(day, self._clock.now(), _HOST)
        query = {"billTime": day.isoformat(), "pmAppKey": self._cashier.app_key}
        found = wire.data(await self._client.get("bill", _PATH, query), wire.OrderBills)
        if found is None or not found.data:
            nothing_billed(day, self._clock.now(), _HOST)
            return Bill(app_id=self._app_id, day=day)
        if not all(each.url for each in found.data):
            raise BillNotReadyError(f"Baidu is making the bill of {day}", fix="Ask again in an hour.")
        files = [await self._client.fetch(each.url) for each in found.data]
        return Bill(app_id=self._app_id, day=day, lines=await asyncio.to_thread(read_files, files))


def read_files(files: Sequence[bytes]) -> tuple[BillLine, ...]:
    """Read the reports of what was paid and of what was given back, each once. BillUnreadableError."""
    lines: dict[LineKind, tuple[BillLine, ...]] = {}
    for content in files:
        text = _decoded(content)
        kind = next((kind for word, kind in _REPORTS.items() if word in text.partition("\n")[0]), None)
        if kind in lines:
            raise BillUnreadableError(f"Baidu gives two reports of one kind ({kind})", fix=LAYOUT)
        if kind is not None:
            lines[kind] = _read(text, kind)
    if lines.keys() != set(_REPORTS.values()):
        raise BillUnreadableError("Baidu's bill lacks the report of payments or that of refunds", fix=LAYOUT)
    return lines["payment"] + lines["refund"]


def _read(text: str, kind: LineKind) -> tuple[BillLine, ...]:
    rows = [row for row in text.splitlines() if row.strip() and not row.startswith("#")]
    parted = "\t" if rows and "\t" in rows[0] else ","
    if not rows or rows[0].split(parted)[0].strip() != _FIRST_COLUMN:
        raise BillUnreadableError("The columns of Baidu's bill are not those that are known", fix=LAYOUT)
    lines = read_rows(rows, parted)
    count = _COUNT.search(text)
    if count is not None and int(count[1]) != len(lines):
        raise BillUnreadableError("The bill has not as many lines as it says at its beginning", fix="Download it anew.")
    try:
        return tuple(_line(row, kind) for row in lines if kind == "payment" or row["退款状态"] == _DONE)
    except KeyError as error:
        raise BillUnreadableError(f"The bill lacks the column {error}", fix=LAYOUT) from error


def _line(row: Mapping[str, str], kind: LineKind) -> BillLine:
    paid = kind == "payment"
    return BillLine(
        number=row["业务订单号"],
        transaction=row["百度订单号"],
        kind=kind,
        amount=read_amount(row["订单金额(元)" if paid else "退款金额"]),
        fee=read_fee(row["手续费"]),
        at=read_time(row[_FIRST_COLUMN]),
        refund="" if paid else row["业务方退款批次号"],
    )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError as error:
        raise BillUnreadableError("Baidu's bill is in no encoding that is known", fix=LAYOUT) from error
