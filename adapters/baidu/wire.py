"""What Baidu's servers say, as they write it. Nothing here leaves the adapter.

Decoded leniently (``strict=False``): numbers come as numbers or as text. An empty object may come as ``[]``, so what
``data`` holds is only looked at when the envelope says success.
"""

from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from adapters.errors import OutcomeUnknownError
from adapters.http import HostReply

_NOTHING = {b"", b"null", b"[]", b"{}", b'""'}


class Answer(Struct):
    """Every envelope at once: of the applications, of the gateway before them, of OAuth and of the older session call.

    ``errmsg`` and ``msg`` are the same thing on different pages.
    """

    errno: int = 0
    errmsg: str | None = None
    msg: str | None = None
    error_code: int = 0
    error_msg: str | None = None
    error: str | int | None = None
    error_description: str | None = None
    request_id: str | int | None = None
    data: Raw = Raw(b"")

    @property
    def code(self) -> int:
        """The error's number, 0 for none."""
        return self.errno or self.error_code


class TokenAnswer(Answer):
    """Of ``/oauth/2.0/token``; ``expires_in`` in seconds. The other fields are dead."""

    access_token: str = ""
    expires_in: int = 0


class OldSession(Answer):
    """Of ``/oauth/jscode2sessionkey``."""

    openid: str = ""
    session_key: str = ""


class Session(Struct):
    """Of ``getsessionkey``: the same user's id is spelled otherwise."""

    open_id: str
    session_key: str


class Union(Struct):
    """Of ``getunionid``."""

    unionid: str = ""


class UserAnswer(Answer):
    """Of ``/rest/2.0/passport/users/getInfo``."""

    openid: str = ""
    unionid: str | None = None


class QrCode(Struct):
    """Of ``getunlimitedv2``: one of both, as ``img_flag`` asks."""

    base64_str: str = ""
    url: str = ""


class FoundOrder(Struct, rename="camel"):
    """Of ``findByTpOrderId``; money is fen. ``status``: 1 unpaid, 2 paid, -1 cancelled."""

    tp_order_id: str | int
    order_id: int
    user_id: int
    status: int
    total_money: int


class AppliedRefund(Struct, rename="camel"):
    """Of ``applyOrderRefund``: what Baidu will give back, in fen."""

    refund_pay_money: int | None = None


class FoundRefund(Struct, rename="camel"):
    """One of ``findOrderRefund``. ``refundStatus``: 1 running, 2 done, 3 failed (a notice counts otherwise)."""

    refund_status: int
    biz_refund_batch_id: str | int | None = None


class BillFile(Struct, rename="camel"):
    """One report of a bill; without a ``url`` while it is made."""

    download_name: str = ""
    url: str = ""


class OrderBills(Struct):
    """Of ``orderBill``: a list within the envelope's own ``data``."""

    data: list[BillFile]


Said = TypeVar("Said", bound=Answer)
Data = TypeVar("Data")


def read(reply: HostReply, what: type[Said]) -> Said:
    """Decode a JSON answer of any status. OutcomeUnknownError for anything else, such as a proxy's page."""
    try:
        said = msgspec.json.decode(reply.body, type=what, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unreadable(reply.status, len(reply.body)) from error
    if reply.status != 200 and not (said.code or said.error):
        raise unreadable(reply.status, len(reply.body))
    return said


def data(said: Answer, what: type[Data]) -> Data | None:
    """Decode what a success holds; None if it holds nothing."""
    content = bytes(said.data)
    if content.replace(b" ", b"") in _NOTHING:
        return None
    try:
        return msgspec.json.decode(content, type=what, strict=False)
    except msgspec.DecodeError as error:
        raise unreadable(200, len(content)) from error


def unreadable(status: int, length: int) -> OutcomeUnknownError:
    """Return the error for an answer that is not Baidu's own, or not one that we know."""
    return OutcomeUnknownError(
        f"Baidu answered {status} with {length} bytes that are no answer of its interface",
        fix="Ask how it stands before trying anew; a proxy in between may have answered.",
    )
