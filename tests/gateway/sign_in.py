"""Signs residents in at a gateway without a host app: with its own accounts, sessions and keys."""

from datetime import timedelta
from typing import Protocol

from auth.accounts.accounts import Proven, sign_in
from auth.clients.pairwise import FIRST_PARTY, pairwise_subject
from auth.clients.tables import Client
from auth.issuer import issuer
from auth.keys.key_ring import KeyRing
from auth.sessions.access_tokens import GRAPH, AccessToken, sign
from auth.sessions.families import begin_family
from auth.sessions.sessions import Lifetimes, SignIn, begin
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.ids import random_id
from kernel.settings import Settings
from supergraph.slice import Level

APP = "wx0000000000000001"
_CLOCK = SystemClock()
_LIFETIMES = Lifetimes(timedelta(hours=1), timedelta(hours=24))


class Keys(Protocol):
    """The signing keys of a gateway."""

    @property
    def newest(self) -> KeyRing: ...


class Gateway(Protocol):
    """What of a gateway is needed: its own, or another connection to the same."""

    @property
    def database(self) -> Database: ...

    @property
    def keys(self) -> Keys: ...


class SignedIn:
    """A resident's session, and tokens of it."""

    def __init__(self, token: AccessToken, gateway: Gateway) -> None:
        self.token = token
        self._gateway = gateway

    def header(self, **changed: object) -> dict[bytes, bytes]:
        """Return the request header, of a token with other claims if any are given."""
        claims = {name: getattr(self.token, name) for name in self.token.__struct_fields__} | changed
        text = sign(AccessToken(**claims), self._gateway.keys.newest, _CLOCK.now())
        return {b"authorization": f"Bearer {text}".encode()}


async def signed_in(gateway: Gateway, settings: Settings, subject: str, acr: Level = "L2", scope: str = "") -> SignedIn:
    """Sign a resident in by WeChat."""
    now = _CLOCK.now()
    async with gateway.database.session() as session:
        if await session.get(Client, APP) is None:
            session.add(
                Client(
                    client_id=APP,
                    name_zh=APP,
                    name_en=APP,
                    first_party=True,
                    auth_method="none",
                    sector=FIRST_PARTY,
                    created_at=now,
                )
            )
            await session.flush()
        account, identity = await sign_in(session, _CLOCK, Proven(provider="wechat", tenant=APP, subject=subject))
        level = int(acr[1]) if acr != "public" else 1
        who = SignIn(
            account_id=account.id,
            identity_id=identity.id,
            client_id=APP,
            channel="wechat",
            ial=level,
            aal=level,
            amr=("wx",),
        )
        row = await begin(session, _CLOCK, who, _LIFETIMES)
        family = begin_family(session, _CLOCK, row, APP, scope=scope, life=timedelta(days=1))
        name = await pairwise_subject(session, _CLOCK, FIRST_PARTY, account.id)
    token = AccessToken(
        iss=issuer(settings),
        sub=name,
        aud=GRAPH,
        exp=int(now.timestamp()) + 300,
        iat=int(now.timestamp()),
        auth_time=int(now.timestamp()),
        jti=random_id(),
        client_id=APP,
        sid=row.sid,
        fid=str(family.id),
        acr=acr,
        amr=("wx",),
        channel="wechat",
        scope=scope,
        first_party=True,
    )
    return SignedIn(token, gateway)
