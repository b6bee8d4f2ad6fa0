"""Why money does not move, said so that whoever asked knows what to do."""

from kernel.errors import YiwangError


class UnknownOrderError(YiwangError):
    """There is no such order, attempt or refund, or it is another's: the answer does not say which."""

    code = "PAYMENT_UNKNOWN"
    http_status = 404


class WrongStateError(YiwangError):
    """What was asked for is not possible as the order, attempt, refund or mandate stands."""

    code = "PAYMENT_STATE_WRONG"
    http_status = 409


class RepeatedDifferentlyError(YiwangError):
    """An idempotency key came again with other content."""

    code = "PAYMENT_KEY_REUSED"
    http_status = 409


class AmountRefusedError(YiwangError):
    """An amount that cannot be ordered or given back."""

    code = "PAYMENT_AMOUNT_REFUSED"
    http_status = 422


class OrderOverError(YiwangError):
    """The order can be paid no more: it is closed, or its time is over."""

    code = "PAYMENT_ORDER_OVER"
    http_status = 409


class AlreadyPaidError(YiwangError):
    """The order is paid: nobody has to pay again."""

    code = "PAYMENT_ALREADY_PAID"
    http_status = 409


class PayerUnknownError(YiwangError):
    """The account has no way in by the very app that it is to pay in."""

    code = "PAYMENT_PAYER_UNKNOWN"
    http_status = 422


class CashierClosedError(YiwangError):
    """A host app takes no payments for us at the moment; another may."""

    code = "PAYMENT_CASHIER_CLOSED"
    http_status = 503
    retryable = True


class LedgerError(YiwangError):
    """A ledger transaction that does not balance, or a key that came again with other entries: a defect of ours."""

    code = "LEDGER_REFUSED"
    http_status = 500


class MandateTakenError(YiwangError):
    """There is a debit mandate for this object already: on other terms in this app, or somebody else's."""

    code = "DEBIT_MANDATE_EXISTS"
    http_status = 409
