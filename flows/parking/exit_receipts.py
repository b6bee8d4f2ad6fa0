"""What a driver shows at a gate that has not heard of their payment: a receipt of ``signed_receipts``."""

import hashlib
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from auth.accounts.merging import parts_of
from flows.codes import signed_receipts
from flows.codes.desk import Desk
from flows.codes.pass_codes import CODE_ID_BYTES
from flows.codes.signed_receipts import PURPOSE, Receipt, plate_hash
from flows.parking.credentials import plate_in
from flows.parking.gathering import Deps
from flows.parking.ownership import session_held
from flows.parking.stored import TEXT
from kernel.database import driver

_PAID = """
    SELECT p.order_id, p.covers_until FROM parking_payment p JOIN parking_session s ON s.id = p.session_id
    WHERE $1 IN (s.id, s.superseded_by) AND p.account_id = ANY($2::uuid[]) AND p.kind = 'prepay'
        AND p.paid_at IS NOT NULL AND p.refunded_fen < p.amount_fen AND p.covers_until >= $3
    ORDER BY p.covers_until DESC LIMIT 1
"""


class ExitReceipt(Struct, frozen=True):
    """The text of a receipt, and until when a gate believes it."""

    text: str
    paid_until: datetime


async def exit_receipt(deps: Deps, desk: Desk, account_id: UUID, session_id: UUID) -> ExitReceipt | None:
    """Return the receipt of what the account has paid for a session; None if it has left or nothing covers it now.

    Of one payment it is one receipt however often it is asked for, and a gate takes it once.
    Raises UnknownSessionError, CodesUnavailableError.
    """
    row = await session_held(deps, account_id, session_id)
    plate = plate_in(deps.keys.cipher.open(TEXT, row.id, row.credential_text))
    if plate is None or row.left_at is not None:
        return None
    now, parts = deps.clock.now(), list(await parts_of(deps.session, account_id))
    paid = await (await driver(deps.session)).fetchrow(_PAID, row.id, parts, now)
    if paid is None:
        return None
    receipt = Receipt(plate_hash(row.lot_id, plate), row.lot_id, paid["covers_until"], _id(paid["order_id"]))
    signer = desk.keys().signer(PURPOSE, now)
    return ExitReceipt(signed_receipts.issue(signer.private, signer.kid, receipt), receipt.paid_until)


def _id(order_id: UUID) -> bytes:
    """Return what a receipt is told apart by: it follows from the order, which nobody learns from it."""
    return hashlib.sha256(b"receipt:" + order_id.bytes).digest()[:CODE_ID_BYTES]
