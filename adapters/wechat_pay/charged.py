"""WeChat Pay's words for how the charge of a parking fee stands, in ours. Pure."""

from collections.abc import Mapping
from datetime import datetime

from adapters.errors import OutcomeUnknownError
from adapters.parking import Charged, ChargeState
from adapters.wechat_pay.vehicle_wire import ChargeTrade
from kernel.money import Fen

TRANSACTIONS = frozenset({"TRANSACTION.SUCCESS", "TRANSACTION.FAIL", "TRANSACTION.PAY_BACK"})
"""What callbacks about charges are called; the first is also that of any payment, without a ``trade_scene``."""

_TRADES: Mapping[str, ChargeState] = {
    "ACCEPTED": "accepted",
    "SUCCESS": "paid",
    "PAY_FAIL": "failed",
    "REFUND": "refunded",
}
_ADVANCED = "BPA"


def charged_of(trade: ChargeTrade) -> Charged:
    """Return how a charge stands. OutcomeUnknownError for a state that is not in the table."""
    state = _TRADES.get(trade.trade_state)
    if state is None:
        raise OutcomeUnknownError(
            f"A charge is in the state {trade.trade_state[:40]!r}",
            fix="Query it with the same number; never charge it with another.",
        )
    advanced = trade.bank_type == _ADVANCED
    return Charged(
        number=trade.out_trade_no,
        state=state,
        amount=None if trade.amount is None else Fen(trade.amount.total),
        transaction=trade.transaction_id,
        paid_at=datetime.fromisoformat(trade.success_time) if trade.success_time else None,
        advanced=advanced,
        repaid=advanced and trade.user_repaid == "Y",
    )
