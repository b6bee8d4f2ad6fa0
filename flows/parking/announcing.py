"""Hosts hear of a stay as it stands: its entry, what was paid through them, its exit; in this order, and each once.

Whatever happens to a stay has each host told what it has not heard of (``announce``, then ``tell``), so it does not
matter in which order messages come, or how often. What a host cannot hear any more is dropped:

- a stay that had ended, or entered too long ago, before a host could be told of its entry: it reminds nobody;
- a payment that is known only after the exit was told, or that was made after it: hosts take none then;
- another exit, of a vehicle that was taken to have left and had not.

A stay that goes on as another's part, or under another plate, ends at the hosts: its number there is used up.
"""

import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from adapters.errors import NotOfferedError, OrderRefusedError
from adapters.parking import ParkingProduct, Stay, StayPayment
from flows.parking.gathering import Deps
from flows.parking.host_stays import Hearer, Products, enter, known_stay, plate_of, stay_of
from flows.parking.mandates import mandate_for
from flows.parking.messages import TELL_HOST, HostNamed, StayNamed
from flows.parking.session_tables import ParkingHostStay, ParkingSession
from flows.parking.tables import ParkingLot
from kernel.database import driver
from kernel.money import Fen
from kernel.outbox import send

ENTRY_WITHIN = timedelta(minutes=30)
"""So long after it an entry is still worth a reminder. WeChat Pay switches lots off whose entries come late; how late,
it does not publish."""

_KNOWN = "SELECT app_id, product FROM parking_host_stay WHERE session_id = $1 AND reference <> '' AND left_at IS NULL"
_PAID = """
    SELECT a.number, a.transaction, o.amount, a.paid_amount, a.paid_at, coalesce(i.subject, '') AS payer
    FROM parking_session s JOIN parking_payment p ON p.session_id = s.id
    JOIN payment_order o ON o.id = p.order_id JOIN payment_attempt a ON a.number = o.paid_by
    LEFT JOIN identity i ON i.id = a.identity_id
    WHERE $1 IN (s.id, s.superseded_by) AND p.kind = 'prepay' AND p.paid_at IS NOT NULL AND a.app_id = $2
        AND ($3::timestamptz IS NULL OR a.paid_at <= $3)
    ORDER BY a.paid_at, a.number
"""

_log = logging.getLogger(__name__)


async def announce(deps: Deps, products: Products, named: StayNamed) -> None:
    """Have each product told that knows of a stay, or is to: by a message of its own, with tries of its own."""
    row = await _row(deps, named.session_id)
    if row is None:
        return
    known = await (await driver(deps.session)).fetch(_KNOWN, row.id)
    hearers = {Hearer(each["app_id"], each["product"]) for each in known}
    if _goes_on(row):
        hearers |= await _hearers(deps, products, row)
    for app_id, kind in sorted(hearers):
        send(deps.session, deps.clock, TELL_HOST, HostNamed(named, app_id, kind))


async def tell(deps: Deps, products: Products, named: HostNamed) -> None:
    """Tell a product what it has not heard of a stay. Raises whatever says that the same is to be told again."""
    hearer = Hearer(named.app_id, named.product)
    row = await _row(deps, named.stay.session_id)
    if row is None:
        return
    known = await known_stay(deps, row.id, hearer, locked=True)
    if known is None:
        if not _goes_on(row) or hearer not in await _hearers(deps, products, row):
            return
        known = await enter(deps, products, row, hearer, named.stay.color)
    product = products.of(*hearer)
    if product is None or not known.reference or known.left_at is not None:
        return
    stay, ended_at = await stay_of(deps, row, known), _ended_at(row)
    if stay.plate.number != plate_of(deps, row):  # nor may it be charged
        ended_at, known.service = row.updated_at, "none"
    await _tell_payments(deps, product, known, stay, ended_at)
    if ended_at is not None:
        await _heard(stay, product.announce_exit(stay, ended_at))
        known.left_at = ended_at
    known.changed_at = deps.clock.now()
    deps.session.add(known)


async def _row(deps: Deps, session_id: UUID) -> ParkingSession | None:
    """Return the very session, also one that goes on as another's part: hosts know it by its own number."""
    return await deps.session.get(ParkingSession, session_id, populate_existing=True)


def _goes_on(row: ParkingSession) -> bool:
    return row.entered_at is not None and _ended_at(row) is None


def _ended_at(row: ParkingSession) -> datetime | None:
    """Return when a stay ended, at the latest; one that nobody saw leave ended when that was found out."""
    if row.left_at is None and (row.superseded_by is not None or row.state == "orphan"):
        return row.updated_at
    return row.ended_at


async def _hearers(deps: Deps, products: Products, row: ParkingSession) -> set[Hearer]:
    """Return what is to know of a stay that goes on: reminders where the lot is registered, and what would charge."""
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    hearers = set[Hearer]()
    if row.entered_at is not None and deps.clock.now() - row.entered_at <= ENTRY_WITHIN:
        reminding = (Hearer(app_id, "reminders") for app_id in lot.host_ids)
        hearers = {each for each in reminding if products.of(*each) is not None}
    mandate = await mandate_for(deps.session, row.id, row.credential, 0)
    return hearers | ({Hearer(mandate.app_id, "charging")} if mandate else set())


async def _tell_payments(
    deps: Deps, product: ParkingProduct, known: ParkingHostStay, stay: Stay, ended_at: datetime | None
) -> None:
    for paid in await (await driver(deps.session)).fetch(_PAID, known.session_id, known.app_id, ended_at):
        if paid["number"] in known.paid:
            continue
        payment = StayPayment(
            number=paid["number"],
            transaction=paid["transaction"],
            total=Fen(paid["amount"]),
            paid=Fen(paid["paid_amount"]),
            at=paid["paid_at"],
        )
        await _heard(stay, product.announce_payment(replace(stay, driver=paid["payer"]), payment))
        known.paid = [*known.paid, payment.number]


async def _heard(stay: Stay, telling: Awaitable[None]) -> None:
    """Tell; what a host refuses it never takes, and what its product wants no word of is no matter."""
    try:
        await telling
    except NotOfferedError:
        pass
    except OrderRefusedError as error:
        _log.warning("a host refuses to hear of a stay", extra={"stay": stay.number, "reason": error.message})
