"""What hosts' parking products tell us: agreements that hold or have ended, and stays that they will charge for or not.

Any message may come twice or late: what fits no more changes nothing.
"""

from uuid import UUID

from adapters.parking import Agreed, ParkingCallback, ServiceChanged
from flows.parking.gathering import Deps
from flows.parking.session_tables import ParkingHostStay
from flows.payments import mandates
from flows.payments.callbacks import Outcome
from flows.payments.tables import DebitMandate

_UUID_DIGITS = 32


async def take(deps: Deps, app_id: str, callback: ParkingCallback) -> Outcome:
    """Do what a verified message means; ``app_id`` is whose address it came to."""
    about = callback.about
    if isinstance(about, Agreed):
        return await _agreed(deps, app_id, about)
    if isinstance(about, ServiceChanged):
        return await _changed(deps, app_id, about)
    return Outcome("a message that is not for this address", odd=True)


async def _agreed(deps: Deps, app_id: str, about: Agreed) -> Outcome:
    mandate = await deps.session.get(DebitMandate, UUID(about.number)) if _is_ours(about.number) else None
    if mandate is None or mandate.app_id != app_id:
        return Outcome("an agreement that is not ours", odd=True)
    await mandates.hear(deps.session, deps.clock, mandate.id, holds=about.holds, contract=about.contract)
    return Outcome("an agreement holds" if about.holds else "an agreement has ended")


async def _changed(deps: Deps, app_id: str, about: ServiceChanged) -> Outcome:
    """Note whether a host still charges for a stay: the exit, and the site's box, ask for payment if it does not."""
    stay = None
    if _is_ours(about.stay):
        key = (UUID(about.stay), app_id, "charging")
        stay = await deps.session.get(ParkingHostStay, key, with_for_update=True, populate_existing=True)
    if stay is None or stay.reference != about.reference:
        return Outcome("a stay that is not ours", odd=True)
    if about.at is not None and stay.said_at is not None and about.at < stay.said_at:
        return Outcome("an older word of a stay")
    stay.service, stay.said_at, stay.changed_at = about.service, about.at, deps.clock.now()
    deps.session.add(stay)
    return Outcome(f"a stay's service is {about.service}")


def _is_ours(number: str) -> bool:
    return len(number) == _UUID_DIGITS and not set(number) - set("0123456789abcdef")
