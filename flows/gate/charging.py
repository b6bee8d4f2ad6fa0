"""What a vehicle at the exit has still to pay, as the platform will charge it: by its entry's tariff. Pure."""

from datetime import datetime

from msgspec import Struct

from flows.gate.terms import Terms
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
    stay = Stay(entered_at=since, vehicle_class=visit.vehicle_class, area_class=terms.lot.area_class, permit=permit)
    payments = session.paid if session is not None else ()
    covered = max((each.quoted_at for each in payments if at <= each.covers_until), default=None)
    if visit.entered_at is not None:
        fee = version.rules.fee(stay, covered or at, terms.holidays)
    elif terms.lot.no_entry == "minimum":
        fee = version.rules.least(stay, terms.holidays)
    else:
        return Due(None, permit=permit)
    paid = sum(each.amount_fen for each in payments) + visit.paid_here_fen
    return Due(fee.total_fen - paid, covered is not None, permit)
