"""Proof in person, at a service window: identity level 4, of whoever stands there with their document and their phone.

The phone shows a one-time code, so that the account that is proven is the one of the person who was looked at. An
officer who takes a code from a message, a picture or another's phone gives a stranger that person's account.
"""

from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.proofing import Evidence, prove
from auth.accounts.tables import Account
from auth.assurance import ial_of
from auth.errors import SignInRefusedError
from auth.residents.proofs import Person, stepped
from auth.residents.shown_codes import ShownCodes
from auth.sessions.sessions import live, raise_assurance
from auth.sessions.tables import Session
from kernel.clock import Clock
from kernel.crypto.keys import Keys

WINDOWS = "window"
"""The purpose of codes that are shown at a window (``auth.residents.shown_codes``)."""

SOURCE = "window"
DOCUMENTS = ("id-card", "temporary-id-card", "residence-permit", "permanent-residence-card")
"""Documents with a photograph and a number of 18 characters (GB 11643): the resident's identity card, its temporary
form, the residence permit of residents of Hong Kong, Macao and Taiwan, and the card of foreign permanent residents."""


async def show(redis: Redis, owner: Session) -> str:
    """Return a code of a session to show at a window. Raises SignInRefusedError.

    Not in a browser that an app has signed in by a link: its reader may not be whose account it is.
    """
    if owner.parent_sid is not None:
        raise SignInRefusedError("An app has signed this browser in", fix="Show the code in the app itself.")
    return await ShownCodes(redis, WINDOWS).show(owner.sid)


async def proven(session: AsyncSession, clock: Clock, keys: Keys, sid: str, seen: Person) -> Account:
    """Take over that the person whose session ``sid`` is was seen at a window; return the account that it is now.

    The session rises as by a face check: it is how those prove a second factor who do not want one, and who have no
    passkey yet, which they can add at the window then.

    Accounts that have the same ID number become one or give way, as by any proof of a real person
    (``auth.accounts.proofing``). Raises SessionEndedError, IdNumberTakenError.
    """
    owner = await live(session, clock, sid, share=True)
    evidence = Evidence(seen.name, seen.id_number, SOURCE, ial_of("platform", "window"))
    account = await prove(session, clock, keys, owner, evidence)
    await session.refresh(owner)
    if owner.ended_at is None:
        raise_assurance(session, clock, owner, stepped(owner, account, "window"))
        await session.flush()
    return account
