"""WeChat Pay's trade bill: asked for in one signed call, downloaded in another whose reply nobody signs.

The file is believed by the SHA-1 that the first, signed reply names: that of the file before any compression. Its first
row names the columns; every value of the others begins with a backquote. The last two rows add everything up.

From WeChat Pay's pages on bills. Unverified: the two codes for "no such bill", the words of a refund that failed.
"""

import asyncio
import hashlib
import hmac
import zlib
from collections.abc import Mapping, Sequence
from datetime import date

from adapters.bills import LAYOUT, Bill, BillLine, check_over, nothing_billed, read_amount, read_fee, read_time
from adapters.errors import BillNotReadyError, BillUnreadableError
from adapters.wechat_pay.client import SignedHttp, WeChatPayClient, read
from adapters.wechat_pay.wire import TradeBillReply
from kernel.clock import Clock

FILE = "/v3/billdownload/file"

_HOST = "WeChat Pay"
_MOST_BYTES = 512 * 2**20  # of the unpacked file: two million lines
_COUNT = "总交易单数"
_NOT_GIVEN_BACK = frozenset({"FAIL", "CHANGE"})  # of a refund: refused, or for people to do in another way


class WeChatPayBills:
    """The bills of one merchant, of which each app reads its own lines."""

    def __init__(self, app_id: str, client: WeChatPayClient, http: SignedHttp, clock: Clock) -> None:
        self._app_id = app_id
        self._client = client
        self._http = http
        self._clock = clock

    async def bill(self, day: date) -> Bill:
        """Fetch a day's bill, compressed. BillNotReadyError, BillUnreadableError, and what calls raise."""
        check_over(day, self._clock.now(), _HOST)
        target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        found = await self._client.call("GET", target)
        if found is None:
            nothing_billed(day, self._clock.now(), _HOST)
            return Bill(app_id=self._app_id, day=day)
        asked = read(found, TradeBillReply)
        _, path, token = asked.download_url.partition(FILE)
        if not path:
            raise BillUnreadableError("WeChat Pay names no address of a bill that it could have", fix=LAYOUT)
        reply = await self._http.file(path + token)
        if reply.status != 200:
            raise BillNotReadyError(f"WeChat Pay answers a bill's download with HTTP {reply.status}", fix="Ask again.")
        lines = await asyncio.to_thread(opened, reply.body, asked, self._app_id)
        return Bill(app_id=self._app_id, day=day, lines=lines)


def opened(content: bytes, asked: TradeBillReply, app_id: str) -> tuple[BillLine, ...]:
    """Unpack a file, compare it with its hash and read it. BillUnreadableError."""
    plain = _unpacked(content)
    if asked.hash_type != "SHA1" or not hmac.compare_digest(
        hashlib.sha1(plain, usedforsecurity=False).hexdigest(), asked.hash_value.lower()
    ):
        raise BillUnreadableError(
            "The bill is not the one that WeChat Pay's signed reply names", fix="Download it anew."
        )
    try:
        return read_lines(plain.decode("utf-8-sig"), app_id)
    except UnicodeDecodeError as error:
        raise BillUnreadableError("The bill is not in UTF-8", fix=LAYOUT) from error


def read_lines(text: str, app_id: str) -> tuple[BillLine, ...]:
    """Read an app's lines of a bill that has all kinds. BillUnreadableError."""
    rows = text.splitlines()
    names = rows[0].split(",") if rows else []
    end = next((place for place, row in enumerate(rows) if row.startswith(_COUNT)), len(rows))
    values = [_values(row, names) for row in rows[1:end]]
    totals = rows[end].split(",") if end < len(rows) else []
    if end + 2 != len(rows) or _values(rows[end + 1], totals)[_COUNT] != str(len(values)):
        raise BillUnreadableError("The bill has not as many lines as it says at its end", fix="Download it anew.")
    try:
        mine = [each for each in values if each["公众账号ID"] == app_id]
        chosen = [_line(each) for each in mine if each["退款状态"] not in _NOT_GIVEN_BACK]
    except KeyError as error:
        raise BillUnreadableError(f"The bill lacks the column {error}", fix=LAYOUT) from error
    return tuple(chosen)


def _values(row: str, names: Sequence[str]) -> Mapping[str, str]:
    values = row.removeprefix("`").split(",`")
    if len(values) != len(names):
        raise BillUnreadableError("A line of the bill has not as many values as there are columns", fix=LAYOUT)
    return dict(zip(names, values, strict=True))


def _line(row: Mapping[str, str]) -> BillLine:
    if row["交易状态"] not in {"SUCCESS", "REFUND"}:  # REVOKED is of payment codes
        raise BillUnreadableError(f"A line of the bill is in the state {row['交易状态'][:20]!r}", fix=LAYOUT)
    paid = row["交易状态"] == "SUCCESS"
    return BillLine(
        number=row["商户订单号"],
        transaction=row["微信订单号"],
        kind="payment" if paid else "refund",
        amount=read_amount(row["订单金额" if paid else "申请退款金额"]),
        fee=read_fee(row["手续费"]),
        at=read_time(row["交易时间"]),
        refund="" if paid else row["商户退款单号"],
    )


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)  # gzip
    try:
        plain = unpacking.decompress(content, _MOST_BYTES)
    except zlib.error as error:
        raise BillUnreadableError("The bill cannot be unpacked", fix="Download it anew.") from error
    if not unpacking.eof:
        raise BillUnreadableError("The bill is cut off, or too large", fix="Download it anew.")
    return plain
