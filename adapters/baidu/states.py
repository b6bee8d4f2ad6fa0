"""Baidu's numbers for what has become of payments and refunds. A query counts refunds otherwise than a notice."""

from collections.abc import Mapping
from typing import Literal

PaymentState = Literal["unknown", "pending", "paid", "closed", "refunded", "failed"]
RefundState = Literal["unknown", "pending", "done", "failed"]

ORDER_STATES: Mapping[int, PaymentState] = {1: "pending", 2: "paid", -1: "closed"}
REFUND_STATES: Mapping[int, RefundState] = {1: "pending", 2: "done", 3: "failed"}  # of findOrderRefund
NOTICE_REFUND_STATES: Mapping[int, RefundState] = {1: "done", 2: "failed"}  # of a refund notice
