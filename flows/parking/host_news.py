"""What hosts' parking products tell us: agreements that hold or have ended, and stays that they will charge for or not.

Any message may come twice or late: what fits no more changes nothing.
"""

from uuid import UUID

from adapters.parking import Agreed, ParkingCallback
from flows.parking.gathering import Deps
from flows.payments import mandates
from flows.payments.callbacks import Outcome
from flows.payments.tables import DebitMandate

_UUID_DIGITS = 32


async def take(deps: Deps, app_id: str, callback: ParkingCallback) -> Outcome:
    """Do what a verified message means; ``app_id`` is whose address it came to."""
    about = callback.about
    if isinstance(about, Agreed):
        return await _agreed(deps, app_id, about)
    return Outcome("a message that is not for this address", odd=True)


async def _agreed(deps: Deps, app_id: str, about: Agreed) -> Outcome:
    mandate = await deps.session.get(DebitMandate, UUID(about.number)) if _is_ours(about.number) else None
    if mandate is None or mandate.app_id != app_id:
        return Outcome("an agreement that is not ours", odd=True)
    await mandates.hear(deps.session, deps.clock, mandate.id, holds=about.holds, contract=about.contract)
    return Outcome("an agreement holds" if about.holds else "an agreement has ended")


def _is_ours(number: str) -> bool:
    return len(number) == _UUID_DIGITS and not set(number) - set("0123456789abcdef")
