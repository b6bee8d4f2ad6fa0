"""What departments are told of the callers of one gateway process, made once for a while and not for every call."""

from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

from auth.assertions import LIFE_SECONDS, Assertion, audience, sign
from auth.clients.pairwise import department_sector, pairwise_subject
from auth.errors import SessionEndedError
from auth.keys.key_ring import KeyRing
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


class Callers:
    """Signs assertions. ``ring`` gives the newest keys."""

    def __init__(self, database: Database, ring: Callable[[], KeyRing], issuer: str, clock: Clock) -> None:
        self._database = database
        self._ring = ring
        self._issuer = issuer
        self._clock = clock
        self._signed: OrderedDict[tuple[str, str, str, str], tuple[str, int]] = OrderedDict()

    async def assertion(self, token: AccessToken, service: str, department: str, access: Access) -> str:
        """Return the assertion of a caller for one service. Raises SessionEndedError."""
        now = int(self._clock.now().timestamp())
        name = (token.sid, token.acr, service, access.purpose)
        known = self._signed.get(name)
        if known is not None and now < known[1]:
            return known[0]
        made = Assertion(
            iss=self._issuer,
            aud=audience(service),
            sub=await self._subject(token, department_sector(department)),
            iat=now,
            exp=now + LIFE_SECONDS,
            acr=token.acr,
            auth_time=token.auth_time,
            channel=token.channel,
            purpose=access.purpose,
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
        async with self._database.session() as session:
            return await pairwise_subject(session, self._clock, sector, account_id)
