"""What Alipay replies, as it writes it: every value is a string, and whatever is absent may also be null."""

from msgspec import Struct

Text = str | None


class Outcome(Struct):
    """What every reply has; ``alipay.system.oauth.token`` succeeds without a code."""

    code: Text = None
    sub_code: Text = None

    @property
    def reason(self) -> str:
        return self.sub_code or ""


class TokenReply(Outcome):
    """``alipay.system.oauth.token``: an app gets ``open_id``, ``user_id`` or both."""

    access_token: Text = None
    open_id: Text = None
    user_id: Text = None
    union_id: Text = None


class CreateReply(Outcome):
    """``alipay.trade.create``."""

    out_trade_no: Text = None
    trade_no: Text = None


class TradeReply(Outcome):
    """``alipay.trade.query``; amounts in yuan, times of Beijing."""

    out_trade_no: Text = None
    trade_no: Text = None
    trade_status: Text = None
    total_amount: Text = None
    send_pay_date: Text = None
    buyer_open_id: Text = None
    buyer_user_id: Text = None


class CloseReply(Outcome):
    """``alipay.trade.close``."""

    out_trade_no: Text = None


class RefundReply(Outcome):
    """``alipay.trade.refund``; ``refund_fee`` adds up all refunds of the trade, so it is not this one's."""

    out_trade_no: Text = None
    fund_change: Text = None


class RefundQueryReply(Outcome):
    """``alipay.trade.fastpay.refund.query``; of an unknown refund everything but the code is absent."""

    out_trade_no: Text = None
    out_request_no: Text = None
    refund_amount: Text = None
    refund_status: Text = None


class BillReply(Outcome):
    """``alipay.data.dataservice.bill.downloadurl.query``: an address that is good for 30 seconds."""

    bill_download_url: Text = None


class ParkingReply(Outcome):
    """``alipay.commerce.transport.parking.*``: a second code of its own, beside the gateway's."""

    biz_code: Text = None
    serial_no: Text = None
    agreement_scene: Text = None


class AgreementReply(Outcome):
    """``alipay.eco.mycar.parking.agreement.query``."""

    agreement_status: Text = None


class ChargeReply(Outcome):
    """``alipay.eco.mycar.parking.order.pay``; ``advance_amount`` is what Alipay has advanced, if anything."""

    out_trade_no: Text = None
    trade_no: Text = None
    gmt_payment: Text = None
    advance_amount: Text = None


class CodeReply(Outcome):
    """``alipay.open.app.qrcode.create``: an address to take the image from."""

    qr_code_url: Text = None


class CertificateReply(Outcome):
    """``alipay.open.app.alipaycert.download``: base64 of a PEM file."""

    alipay_cert_content: Text = None


class CertifyReply(Outcome):
    """``alipay.user.certify.open.initialize`` and ``.query``."""

    certify_id: Text = None
    passed: Text = None
    fail_reason: Text = None


class MatchReply(Outcome):
    """``alipay.user.certdoc.certverify.preconsult`` and ``.consult``."""

    verify_id: Text = None
    passed: Text = None
    fail_reason: Text = None


class PhoneReply(Struct, rename="camel"):
    """The content of ``my.getPhoneNumber``, the one place with camel case."""

    code: Text = None
    sub_code: Text = None
    mobile: Text = None


class SentPhone(Struct):
    """What the client got from ``my.getPhoneNumber``: the text in its ``response``."""

    response: str
    sign: str = ""
