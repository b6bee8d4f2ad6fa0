"""What the tests of sign-on share: clients of ours, and residents who are signed in to them."""

from datetime import timedelta

from auth.accounts.accounts import Proven, sign_in
from auth.clients.pairwise import FIRST_PARTY
from auth.clients.tables import Client
from auth.sessions.sessions import Lifetimes, SignIn, begin, by_session, live
from auth.sessions.tables import Session
from kernel.clock import ManualClock
from kernel.database import Database

LIFETIMES = Lifetimes(idle=timedelta(hours=1), absolute=timedelta(hours=24))
APP = "wx0000000000000001"
OTHER = "wx0000000000000002"


class Residents:
    """Signs residents in, each transaction by itself."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self._database = database
        self.clock = clock

    async def clients(self) -> None:
        """Make two clients of ours."""
        async with self._database.session() as session:
            for client_id in (APP, OTHER):
                session.add(
                    Client(
                        client_id=client_id,
                        name_zh=client_id,
                        name_en=client_id,
                        first_party=True,
                        auth_method="none",
                        sector=FIRST_PARTY,
                        created_at=self.clock.now(),
                    )
                )

    async def sign_in(self, subject: str, client_id: str = APP, union: str = "") -> Session:
        """Sign somebody in by WeChat."""
        proven = Proven(provider="wechat", tenant=client_id, subject=subject, union_tenant="owner", union_subject=union)
        async with self._database.session() as session:
            account, identity = await sign_in(session, self.clock, proven)
            who = SignIn(
                account_id=account.id,
                identity_id=identity.id,
                client_id=client_id,
                channel="wechat",
                ial=account.ial,
                aal=1,
                amr=("wx",),
            )
            return await begin(session, self.clock, who, LIFETIMES)

    async def follow(self, parent: Session, client_id: str) -> Session:
        """Begin a session that comes from another, as a ticket's does."""
        async with self._database.session() as session:
            owner = await live(session, self.clock, parent.sid, share=True)
            return await begin(session, self.clock, by_session(owner, client_id, ""), LIFETIMES, parent=owner)
