"""What departments are told of the callers of one gateway process, made once for a while and not for every call."""

from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from auth.assertions import LIFE_SECONDS, Assertion, audience, sign
from auth.clients.pairwise import department_sector, pairwise_subject
from auth.errors import SessionEndedError
from auth.keys.key_ring import KeyRing
from auth.mandates.kinds import Person, Principal
from auth.sessions.access_tokens import AccessToken
from kernel.clock import Clock
from kernel.database import Database
from supergraph.slice import Access

_USED_SECONDS = LIFE_SECONDS // 2  # then half of its life is left for the call
_MOST = 20_000

_CALLER = """
    SELECT s.account_id, p.subject FROM session s
    LEFT JOIN pairwise_subject p ON p.account_id = s.account_id AND p.sector = $2
    WHERE s.sid = $1 AND s.ended_at IS NULL
"""


_Told = tuple[str, str, int, str, str, Principal | None]


class Callers:
    """Signs assertions. ``ring`` gives the newest keys."""

    def __init__(self, database: Database, ring: Callable[[], KeyRing], issuer: str, clock: Clock) -> None:
        self._database = database
        self._ring = ring
        self._issuer = issuer
        self._clock = clock
        self._signed: OrderedDict[_Told, tuple[str, int]] = OrderedDict()

    async def assertion(
        self, token: AccessToken, service: str, department: str, access: Access, principal: Principal | None = None
    ) -> str:
        """Return the assertion of a caller for one service, acting for ``principal``. Raises SessionEndedError."""
        now = int(self._clock.now().timestamp())
        name = (token.sid, token.acr, token.auth_time, service, access.purpose, principal)
        known = self._signed.get(name)
        if known is not None and now < known[1]:
            return known[0]
        sector = department_sector(department)
        caller = await self._subject(token, sector)
        made = Assertion(
            iss=self._issuer,
            aud=audience(service),
            sub=caller if principal is None else await self._name(principal, sector),
            iat=now,
            exp=now + LIFE_SECONDS,
            acr=token.acr,
            auth_time=token.auth_time,
            channel=token.channel,
            purpose=access.purpose,
            act=None if principal is None else {"sub": caller},
        )
        signed = sign(made, self._ring(), self._clock.now())
        self._signed[name] = signed, now + _USED_SECONDS
        self._signed.move_to_end(name)
        while len(self._signed) > _MOST:
            self._signed.popitem(last=False)
        return signed

    async def _subject(self, token: AccessToken, sector: str) -> str:
        row = await self._database.pool.fetchrow(_CALLER, token.sid, sector)
        if row is None:
            raise SessionEndedError("The session is over", fix="Sign in again.")
        if row["subject"] is not None:
            return str(row["subject"])
        account_id: UUID = row["account_id"]
        return await self._name(Person(account_id), sector)

    async def _name(self, principal: Principal, sector: str) -> str:
        """Return what a department calls somebody; an organisation's code is public and its name everywhere."""
        if not isinstance(principal, Person):
            return f"organisation:{principal.code}"
        async with self._database.session() as session:
            return await pairwise_subject(session, self._clock, sector, principal.account)
