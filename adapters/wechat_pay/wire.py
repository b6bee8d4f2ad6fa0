"""What travels between us and WeChat Pay (API v3, direct merchant, JSAPI). These structs never leave the adapter.

Fields that WeChat Pay leaves out of unpaid orders, or that nobody here reads, have defaults or are not declared.
"""

from msgspec import Struct

from adapters.wechat_pay.signing import Resource


class Amount(Struct, omit_defaults=True):
    """In fen. ``total`` is what was ordered; what the payer gave after discounts is of no concern here."""

    total: int
    currency: str = "CNY"


class RefundAmount(Struct):
    """In fen: what to give back of what was ordered."""

    refund: int
    total: int
    currency: str = "CNY"


class Payer(Struct):
    """Who pays, as the mini-program knows them."""

    openid: str = ""


class PrepayRequest(Struct):
    """``time_expire`` is RFC 3339 with an offset, ``notify_url`` is https without a query."""

    appid: str
    mchid: str
    description: str
    out_trade_no: str
    time_expire: str
    notify_url: str
    amount: Amount
    payer: Payer


class PrepayReply(Struct):
    """An order that can be paid for two hours."""

    prepay_id: str


class CloseRequest(Struct):
    """Whose order to close; which one is in the path."""

    mchid: str


class Trade(Struct):
    """An order as a query or a callback shows it."""

    appid: str
    mchid: str
    out_trade_no: str
    trade_state: str
    transaction_id: str = ""
    success_time: str | None = None
    payer: Payer | None = None
    amount: Amount | None = None


class RefundRequest(Struct, omit_defaults=True):
    """``out_refund_no`` is the idempotency key; ``sub_mchid`` is of what was charged for a sub-merchant."""

    out_trade_no: str
    out_refund_no: str
    amount: RefundAmount
    reason: str = ""
    notify_url: str = ""
    sub_mchid: str = ""


class RefundReply(Struct):
    """A refund as its request or a query shows it."""

    out_trade_no: str
    out_refund_no: str
    status: str
    amount: RefundAmount


class TradeBillReply(Struct):
    """Where a day's bill can be downloaded, and what it has to hash to."""

    hash_type: str
    hash_value: str
    download_url: str


class NoticeRefundAmount(Struct):
    """In fen; a callback's amounts name no currency."""

    refund: int
    total: int


class RefundNotice(Struct):
    """A refund as a callback shows it: other names, no app; ``sp_mchid`` in place of ``mchid`` of a sub-merchant's."""

    out_trade_no: str
    out_refund_no: str
    refund_status: str
    amount: NoticeRefundAmount
    mchid: str = ""
    sp_mchid: str = ""


class Notice(Struct):
    """A callback's body."""

    id: str
    event_type: str
    resource_type: str
    resource: Resource


class CertificateEntry(Struct):
    """A platform certificate, its PEM encrypted with the APIv3 key."""

    serial_no: str
    effective_time: str
    expire_time: str
    encrypt_certificate: Resource


class Certificates(Struct):
    """The platform's certificates: one, or two while it changes them."""

    data: list[CertificateEntry]


class Fault(Struct):
    """The body of a refusal."""

    code: str = ""
    message: str = ""
