"""The cashier's books: orders and refunds, and which of their changes are allowed. Money is fen."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from adapters.sandbox.baidu.refusal import RefusalError, application


class BookedOrder(Struct):
    """An order that a user has opened. ``status``: 1 unpaid, 2 paid, -1 cancelled, as Baidu counts."""

    number: str
    order_id: int
    user_id: int
    total: int
    notify_url: str
    status: Literal[1, 2, -1] = 1
    paid_at: datetime | None = None
    consumed: bool = False
    refunded: int = 0


class BookedRefund(Struct):
    """A refund. ``status``: 1 running, 2 done, 3 failed. ``batch`` is Baidu's number, ``number`` the developer's."""

    number: str
    batch: int
    order: BookedOrder
    amount: int
    notify_url: str
    status: Literal[1, 2, 3] = 1
    done_at: datetime | None = None


class Books:
    """Everything that the cashier knows of one payment service."""

    def __init__(self) -> None:
        self.orders: dict[str, BookedOrder] = {}
        self.refunds: list[BookedRefund] = []

    def open(self, number: str, user_id: int, total: int, notify_url: str) -> BookedOrder:
        """Open the cashier: a new order, or the one that has the number. ValueError if it differs or is over."""
        known = self.orders.get(number)
        if known is None:
            known = BookedOrder(number, 800020199 + len(self.orders), user_id, total, notify_url)
            self.orders[number] = known
        if (known.user_id, known.total) != (user_id, total):
            raise ValueError("订单信息不一致")
        if known.status != 1:
            raise ValueError("订单已支付" if known.status == 2 else "订单已取消")
        return known

    def order(self, number: str) -> BookedOrder:
        if number not in self.orders:
            raise refused(10002, "order not found")
        return self.orders[number]

    def cancel(self, order_id: str) -> None:
        """Cancel an unpaid order; again changes nothing."""
        order = next((each for each in self.orders.values() if str(each.order_id) == order_id), None)
        if order is None or order.status == 2:
            raise refused(10002, "order not found or paid")
        order.status = -1

    def refund(self, order: BookedOrder, number: str, amount: int, notify_url: str) -> tuple[BookedRefund, bool]:
        """Book a refund and say whether it is new: the same number again is the same refund."""
        known = next((each for each in self.refunds if each.order is order and each.number == number), None)
        if known is not None:
            return known, False
        if order.status != 2 or not 0 < amount <= order.total - order.refunded:
            raise refused(10001, "applyRefundMoney invalid")
        if amount < order.total and not order.consumed:
            raise refused(10002, "order is not consumed")
        made = BookedRefund(number, 149235070 + len(self.refunds), order, amount, notify_url)
        order.refunded += amount
        self.refunds.append(made)
        return made, True

    def finish(self, refund: BookedRefund, now: datetime, *, failed: bool) -> None:
        """End a refund."""
        refund.status, refund.done_at = 3 if failed else 2, now
        if failed:
            refund.order.refunded -= refund.amount


def refused(code: int, text: str) -> RefusalError:
    """The cashier's refusal."""
    return application(code, text, "msg")
