"""What a vehicle at the exit has still to pay, as the platform will charge it: by its entry's tariff. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from flows.gate.terms import Terms
from flows.parking.coupons import discounts
from flows.parking.fees import Fee
from flows.parking.site_snapshot import SiteSession
from flows.parking.tariff import Stay
from flows.parking.visits import Visit


class Due(Struct, frozen=True):
    """``fen`` None: nobody can say. ``in_grace``: a payment gives time to leave until now."""

    fen: int | None
    in_grace: bool = False
    permit: str = ""


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a visit beside events here: whose it is, the platform's session of it if it has one already.

    ``free``: the entries of the same vehicle that had the free minutes.
    """

    who: str
    session: SiteSession | None = None
    free: Collection[datetime] = ()


def due_of(visit: Visit, known: Known, terms: Terms, at: datetime) -> Due:
    """Return what is due of a visit if it ends then."""
    payments = known.session.paid if known.session is not None else ()
    covered = max((each.quoted_at for each in payments if each.covers(at)), default=None)
    stay = _stay(visit, known, terms, at)
    fee = _fee(visit, stay, terms, covered or at)
    if fee is None:
        return Due(None, permit=stay.permit)
    paid = sum(each.amount_fen for each in payments) + visit.paid_here_fen
    return Due(fee.total_fen - paid, covered is not None, stay.permit)


def with_free_minutes(
    visits: Iterable[Visit], who: str, known: Collection[datetime], terms: Terms
) -> Collection[datetime]:
    """Return the entries that had the free minutes: those that are known, and of visits here, the oldest first."""
    found = set(known)
    for visit in visits:
        if visit.entered_at is not None and visit.left_at is not None:
            stay = _stay(visit, Known(who=who, free=found), terms, visit.left_at)
            fee = _fee(visit, stay, terms, visit.left_at)
            if fee is not None and fee.free:
                found.add(visit.entered_at)
    return found


def _stay(visit: Visit, known: Known, terms: Terms, until: datetime) -> Stay:
    since, session = visit.entered_at or visit.opened_at, known.session
    lot = terms.at(since).lot
    paid = [(each.quoted_at, each.amount_fen) for each in session.paid] if session is not None else []
    coupons = [each for each in session.coupons if each.counts(until)] if session is not None else []
    return Stay(
        entered_at=since,
        vehicle_class=visit.vehicle_class,
        area_class=lot.area_class if lot is not None else "",
        permit=terms.permit(known.who, since),
        free_at=max((each for each in known.free if each < since), default=None) if visit.entered_at else None,
        charging=session.charging if session is not None else None,
        coupons=discounts(coupons, paid, visit.paid_here_fen),
    )


def _fee(visit: Visit, stay: Stay, terms: Terms, until: datetime) -> Fee | None:
    """Return the fee; for who was not seen to enter the least, if that is the lot's rule."""
    terms = terms.at(stay.entered_at)
    version = terms.version(stay.entered_at)
    if terms.lot is None or version is None:
        return None
    if visit.entered_at is not None:
        return version.rules.fee(stay, until, terms.holidays)
    return version.rules.least(stay, terms.holidays) if terms.lot.no_entry == "minimum" else None
