"""Charging for a stay after it has ended: its order is handed to payments, which charges it by the mandate.

What cannot be charged is given up at once and owed; what came of a charge that was begun, ``collecting.heard`` hears.
"""

import logging

from adapters.errors import OrderRefusedError
from flows.parking.collecting import debit_failed
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.host_stays import Products, ensure_entered
from flows.parking.messages import DebitOrdered
from flows.parking.session_tables import ParkingPayment
from flows.payments.debiting import Debit, debit
from flows.payments.errors import AlreadyPaidError, AmountRefusedError, OrderOverError, WrongStateError
from flows.payments.tables import DebitMandate

_log = logging.getLogger(__name__)


async def charge(deps: Deps, products: Products, ordered: DebitOrdered) -> None:
    """Have a session's debit order charged. Errors that are raised: the same is to be tried again."""
    payment = await deps.session.get_one(ParkingPayment, ordered.order_id)
    try:
        await _charge(deps, products, payment, ordered.color)
    except (AlreadyPaidError, AmountRefusedError, OrderOverError, OrderRefusedError, WrongStateError) as error:
        _log.warning("a session is not debited", extra={"order": ordered.order_id, "reason": error.message})
        await debit_failed(deps, ordered.order_id)


async def _charge(deps: Deps, products: Products, payment: ParkingPayment, color: str) -> None:
    row = await session_of(deps.session, payment.session_id)
    mandate = await deps.session.get_one(DebitMandate, payment.mandate_id)
    stay, chargeable = await ensure_entered(deps, products, row, mandate.app_id, color)
    await touched_session(deps, row)  # its locks come before the order's, as everywhere
    await deps.session.refresh(row)
    if not chargeable or row.match != "exact" or row.left_at is None:
        raise OrderRefusedError("The host cannot charge for this stay", fix="Let the resident pay by themselves.")
    wanted = Debit(order_id=payment.order_id, mandate_id=mandate.id, stay=stay, left_at=row.left_at)
    await debit(deps.session, deps.clock, deps.keys.cipher, wanted)
