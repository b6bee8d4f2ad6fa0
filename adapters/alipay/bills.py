"""Alipay's trade bill: an address that is good for half a minute, at it a zip of CSV files in GBK.

Rows that begin with ``#`` frame the columns and the lines; numbers end in a tab, so that spreadsheets leave them alone.
What was given back is negative. From Alipay's pages and programs that others have published; unverified: the sub-code
for "no such bill", and the words of the counts at the end.
"""

import asyncio
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from datetime import date

from adapters.alipay.client import AlipayClient
from adapters.alipay.wire import BillReply
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
from kernel.money import Fen

_HOST = "Alipay"
_METHOD = "alipay.data.dataservice.bill.downloadurl.query"
_NO_BILL = "isp.bill_not_exist"
_NO_BILL_OF_OLD = "BILL_NOT_EXIST"
_MOST_BYTES = 512 * 2**20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
"""All that ``zipfile`` raises for archives with wrong bytes, encrypted ones and those of unknown methods."""
_FIRST_COLUMN = "支付宝交易号"
_KINDS: Mapping[str, LineKind] = {"交易": "payment", "退款": "refund"}
_COUNTS = re.compile(r"#(交易|退款)合计：(\d+)笔")


async def fetch_bill(client: AlipayClient, clock: Clock, day: date) -> Bill:
    """Fetch a day's bill. BillNotReadyError, BillUnreadableError, and what calls raise."""
    check_over(day, clock.now(), _HOST)
    content = {"bill_type": "trade", "bill_date": day.isoformat()}
    reply = await client.call(_METHOD, BillReply, content, tolerate=(_NO_BILL, _NO_BILL_OF_OLD))
    if reply.reason:
        nothing_billed(day, clock.now(), _HOST)
        return Bill(app_id=client.app.app_id, day=day)
    if not reply.bill_download_url:
        raise BillNotReadyError("Alipay names no address of the bill", fix="Ask again in an hour.")
    archive = await client.fetch(reply.bill_download_url)
    return Bill(app_id=client.app.app_id, day=day, lines=await asyncio.to_thread(opened, archive))


def opened(archive: bytes) -> tuple[BillLine, ...]:
    """Read the lines of the one file in the archive that has them; its checksum is the zip's. BillUnreadableError."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            if sum(each.file_size for each in files.infolist()) > _MOST_BYTES:
                raise BillUnreadableError("The bill is too large", fix=LAYOUT)
            texts = [files.read(each).decode("gb18030") for each in files.infolist()]
    except _DAMAGED as error:
        raise BillUnreadableError("The bill's archive is damaged", fix="Download it anew.") from error
    for text in texts:
        if f"\n{_FIRST_COLUMN}," in text:
            return read_lines(text)
    raise BillUnreadableError("No file of the bill's archive has its lines", fix=LAYOUT)


def read_lines(text: str) -> tuple[BillLine, ...]:
    """Read a file of lines. BillUnreadableError."""
    rows = read_rows(row for row in text.splitlines() if not row.startswith("#") and row.strip())
    try:
        lines = tuple(map(_line, rows))
    except KeyError as error:
        raise BillUnreadableError(f"The bill lacks the column {error}", fix=LAYOUT) from error
    for kind, count in _COUNTS.findall(text):
        if sum(each.kind == _KINDS[kind] for each in lines) != int(count):
            raise BillUnreadableError("The bill has not as many lines as it says at its end", fix="Download it anew.")
    return lines


def _line(row: Mapping[str, str]) -> BillLine:
    kind = _KINDS.get(row["业务类型"])
    if kind is None:
        raise BillUnreadableError(f"A line of the bill is of the kind {row['业务类型'][:20]!r}", fix=LAYOUT)
    return BillLine(
        number=row["商户订单号"],
        transaction=row[_FIRST_COLUMN],
        kind=kind,
        amount=Fen(abs(read_amount(row["订单金额（元）"]))),
        fee=Fen(-read_fee(row["服务费（元）"])),
        at=read_time(row["完成时间"]),
        refund=row["退款批次号/请求号"] if kind == "refund" else "",
    )
