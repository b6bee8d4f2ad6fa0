"""WeChat Pay's words for how payments and refunds stand, in ours."""

from typing import Literal

PaymentState = Literal["unknown", "pending", "paid", "closed", "refunded", "failed"]
RefundState = Literal["unknown", "pending", "done", "failed"]

PAYMENT_STATES: dict[str, PaymentState] = {
    "SUCCESS": "paid",
    "REFUND": "refunded",  # from the first fen given back on: how much, the refunds say
    "NOTPAY": "pending",
    "USERPAYING": "pending",
    "CLOSED": "closed",
    "REVOKED": "closed",
    "PAYERROR": "failed",  # unverified for mini-programs: the tables have it for payment codes
}

REFUND_STATES: dict[str, RefundState] = {
    "PROCESSING": "pending",
    "SUCCESS": "done",
    "CLOSED": "failed",
    "ABNORMAL": "failed",  # the money is with the merchant; somebody has to give it back by another way
}
