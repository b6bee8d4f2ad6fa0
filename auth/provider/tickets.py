"""One-time tickets: a mini-program's resident is signed in to a department's web page without a login page.

The ticket opens our own address, never the department's: there it becomes a browser session chained to the
mini-program's, and the department's page then runs an ordinary code flow (prompt=none). A log of the department's that
leaks holds nothing that signs anybody in.
"""

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.clients import BROWSER
from auth.clients.tables import Client
from auth.errors import TicketRefusedError
from auth.provider.codes import OnceStore
from auth.provider.environment import Environment
from auth.sessions.alarms import alarm
from auth.sessions.sessions import Lifetimes, begin, by_session, end, live
from auth.sessions.tables import Session

SECONDS = 60
_FIX = "Go back to the app and open the page anew."


class Ticket(Struct, frozen=True):
    """What a ticket stands for: a session, and the one client and page that it leads to."""

    sid: str
    client_id: str
    target: str


def tickets(environment: Environment) -> OnceStore:
    """Return where tickets wait for their minute."""
    return OnceStore(environment.redis, environment.keys.cipher, "ticket", SECONDS)


async def issue_ticket(
    session: AsyncSession, environment: Environment, owner: Session, client_id: str, target: str
) -> str:
    """Return a ticket that leads to ``target``, a page of the client's own origin. Raises TicketRefusedError."""
    client = await session.get(Client, client_id)
    if client is None or client.status != "active" or not client.initiate_login_uri:
        raise TicketRefusedError("This client has no page to be opened", fix="Register its initiate_login_uri.")
    origin = "/".join(client.initiate_login_uri.split("/")[:3])
    if target and not (target == origin or target.startswith(f"{origin}/")):
        raise TicketRefusedError("The page is not one of this client's", fix=f"Open one below {origin}/.")
    return await tickets(environment).put(Ticket(owner.sid, client_id, target))


class Opened(Struct, frozen=True):
    """A ticket that was taken: the new session, and the client's own address to begin its flow at."""

    session: Session
    client: Client
    target: str


async def redeem_ticket(
    session: AsyncSession, environment: Environment, secret: str, *, lifetimes: Lifetimes, cookie_digest: bytes
) -> Opened | None:
    """Take a ticket and begin the chained session. None for one that is unknown, used or too old.

    One that is shown a second time was stolen by somebody: the session that it had opened ends (to be committed).
    """
    store, clock = tickets(environment), environment.clock
    ticket = await store.take(secret, Ticket)
    if ticket is None:
        if opened := await store.buried(secret):
            await end(session, clock, [opened], "ticket_reused")
            await alarm(session, clock, "ticket", opened, f"session:{opened}")
        return None
    parent = await live(session, clock, ticket.sid, share=True)
    client = await session.get_one(Client, ticket.client_id)
    who = by_session(parent, BROWSER, "web view", amr=("ticket",))
    row = await begin(session, clock, who, lifetimes, parent=parent, cookie_digest=cookie_digest)
    await store.bury(secret, row.sid)
    return Opened(row, client, ticket.target)
