"""Numbers that carriers have given to somebody else: they let nobody in any more where their old holders signed in.

The event is RISC's ``identifier-recycled`` (OpenID RISC Profile 1.0, section 2.6), however it reaches the platform.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import detach, find_identity, lock_identity
from auth.accounts.phone_codes import proven_phone
from kernel.clock import Clock
from kernel.crypto.keys import Keys


async def give_up(session: AsyncSession, clock: Clock, keys: Keys, phones: Iterable[str], *, as_of: datetime) -> int:
    """Take numbers (E.164) from the accounts that have them, with the sessions they opened; return how many had one.

    Whoever has proven a number since ``as_of`` is its new holder and keeps it, so a list that comes twice takes nothing
    more. The accounts' other ways in stay. A number's next sign-in makes an account of its own. Each number holds a
    lock until the transaction ends, so hand over a thousand at a time at most.
    """
    found = 0
    for proven in sorted((proven_phone(keys, each) for each in set(phones)), key=lambda each: each.subject):
        await lock_identity(session, proven)  # in one order, so that two runs never wait for one another
        identity = await find_identity(session, proven)
        if identity is not None and identity.verified_at < as_of:
            await detach(session, clock, identity, "recycled")
            found += 1
    return found
