"""A host app's bill: what it says it has taken and given back on one of Beijing's days. Plain values, for reconciling.

A bill is made the next morning and never changed: a refund in it stands as it did then. A merchant's bill may also
have lines of other apps, which whoever compares knows by their numbers.
"""

import csv
import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from msgspec import Struct

from adapters.errors import BillNotReadyError, BillUnreadableError
from kernel.clock import CHINA
from kernel.money import Fen, parse_yuan

LineKind = Literal["payment", "refund"]

READY_AT = time(10)  # WeChat Pay's documents say after ten the next morning, Alipay's before nine, Baidu's nothing
TIME_FORM = "%Y-%m-%d %H:%M:%S"  # in every host's bill; Beijing's time is meant
LAYOUT = "Download it in the host's console and compare its columns with docs/host_apps.md."

_FEE = re.compile(r"-?\d{1,12}(?:\.\d{1,5})?", re.ASCII)


class BillLine(Struct, frozen=True, kw_only=True):
    """One payment or one refund. ``fee`` is what the host keeps of it; of a refund it is what it gives back, negative.

    ``at`` is when it was paid, or when the host took the refund in hand (WeChat Pay) or had done it (Alipay).
    """

    number: str  # ours, of the payment
    transaction: str  # the host's, of the payment
    kind: LineKind
    amount: Fen
    at: datetime
    fee: Fen = Fen(0)
    refund: str = ""  # our number of the refund


class Bill(Struct, frozen=True, kw_only=True):
    """The bill of ``day``; nothing in it means that nothing was paid."""

    app_id: str
    day: date
    lines: tuple[BillLine, ...] = ()


def check_over(day: date, now: datetime, host: str) -> None:
    """Refuse a day that is not over: its bill does not exist yet, and what does might be believed."""
    if day >= now.astimezone(CHINA).date():
        raise BillNotReadyError(f"{host} has no bill of {day}, which is not over", fix="Ask the next morning.")


def nothing_billed(day: date, now: datetime, host: str) -> None:
    """Return if "there is no such bill" means that nothing was paid; raise BillNotReadyError if it is only early."""
    if now < datetime.combine(day + timedelta(days=1), READY_AT, CHINA):
        raise BillNotReadyError(f"{host} has not made the bill of {day} yet", fix=f"Ask after {READY_AT:%H:%M}.")


def read_time(text: str) -> datetime:
    """Read a time of Beijing. BillUnreadableError."""
    try:
        return datetime.strptime(text.strip(), TIME_FORM).replace(tzinfo=CHINA)
    except ValueError as error:
        raise BillUnreadableError("A time in the bill is none", fix=LAYOUT) from error


def read_rows(rows: Iterable[str], delimiter: str = ",") -> list[dict[str, str]]:
    """Read lines of CSV, the first of which names the columns; what spaces stand around is dropped."""
    try:
        names, *lines = [[each.strip() for each in row] for row in csv.reader(rows, delimiter=delimiter)] or [[]]
    except csv.Error as error:
        raise BillUnreadableError(f"The bill is no CSV: {error}", fix=LAYOUT) from error
    if any(len(line) != len(names) for line in lines):
        raise BillUnreadableError("A line of the bill has not as many values as there are columns", fix=LAYOUT)
    return [dict(zip(names, line, strict=True)) for line in lines]


def read_amount(text: str) -> Fen:
    """Read yuan with at most two decimals. BillUnreadableError."""
    try:
        return parse_yuan(text.strip())
    except ValueError as error:
        raise BillUnreadableError("An amount in the bill is none", fix=LAYOUT) from error


def read_fee(text: str) -> Fen:
    """Read a fee, which WeChat Pay writes with five decimals: half a fen and more is a fen. BillUnreadableError."""
    if not _FEE.fullmatch(text.strip()):
        raise BillUnreadableError("A fee in the bill is none", fix=LAYOUT)
    return Fen(int((Decimal(text.strip()) * 100).to_integral_value(ROUND_HALF_UP)))
