"""What a vehicle at the exit has still to pay, as the platform will charge it: by its entry's tariff. Pure."""

from datetime import datetime

from msgspec import Struct

from flows.gate.terms import Terms, Version
from flows.parking.site_snapshot import SiteSession
from flows.parking.tariff import Stay
from flows.parking.visits import Visit


class Due(Struct, frozen=True):
    """``fen`` None: nobody can say. ``in_grace``: a payment gives time to leave until now."""

    fen: int | None
    in_grace: bool = False
    permit: str = ""


def due_of(visit: Visit, who: str, session: SiteSession | None, terms: Terms, at: datetime) -> Due:
    """``session`` is the platform's of the visit, with its payments, if it has one already."""
    since = visit.entered_at or visit.opened_at
    version = terms.version(session.tariff_id if session is not None else None, since)
    if terms.lot is None or version is None:
        return Due(None)
    permit = terms.permit(who, since)
    stay = Stay(
        entered_at=since,
        vehicle_class=visit.vehicle_class,
        area_class=terms.lot.area_class,
        permit=permit,
        charging=session.charging if session is not None else None,
    )
    if visit.entered_at is None:
        return Due(_least(stay, version, terms), permit=permit)
    payments = session.paid if session is not None else ()
    covered = max((each.quoted_at for each in payments if at <= each.covers_until), default=None)
    fee = version.rules.fee(stay, covered or at, terms.holidays).total_fen
    paid = sum(each.amount_fen for each in payments) + visit.paid_here_fen
    return Due(fee - paid, covered is not None, permit)


def _least(stay: Stay, version: Version, terms: Terms) -> int | None:
    """Return what is due without an entry: the least that is not free, if that is the lot's rule."""
    if terms.lot is None or terms.lot.no_entry != "minimum":
        return None
    raised = version.rules.next_raise(stay, stay.entered_at, terms.holidays)
    return version.rules.fee(stay, raised or stay.entered_at, terms.holidays).total_fen
