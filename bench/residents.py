"""Residents of the platform under benchmark, signed in by rows of its database, without a host app."""

from datetime import timedelta

from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.accounts import Proven, sign_in
from auth.clients.clients import ensure_own
from auth.clients.pairwise import FIRST_PARTY, pairwise_subject
from auth.sessions.access_tokens import GRAPH, AccessToken
from auth.sessions.families import begin_family
from auth.sessions.refresh import issue
from auth.sessions.sessions import SignIn, app_lifetimes, begin
from kernel.clock import Clock
from kernel.ids import random_id
from kernel.settings import Settings

APP = "wx0000000000000001"
_LIFE_SECONDS = 3600  # of the access token: longer than one lives, so that it outlives the benchmark


class Resident(Struct, frozen=True):
    """What a signed-in resident's mini-program has."""

    token: AccessToken
    refresh_token: str


async def signed_in(session: AsyncSession, clock: Clock, settings: Settings, number: int, issuer: str) -> Resident:
    """Sign a resident in by WeChat at L2, with the scope ``openid``."""
    await ensure_own(session, clock, {APP: ()})
    account, identity = await sign_in(session, clock, Proven(provider="wechat", tenant=APP, subject=f"o{number}"))
    who = SignIn(
        account_id=account.id, identity_id=identity.id, client_id=APP, channel="wechat", ial=2, aal=2, amr=("wx",)
    )
    row = await begin(session, clock, who, app_lifetimes(settings))
    family = begin_family(session, clock, row, APP, scope="openid", life=timedelta(days=1))
    await session.flush()
    now = int(clock.now().timestamp())
    token = AccessToken(
        iss=issuer,
        sub=await pairwise_subject(session, clock, FIRST_PARTY, account.id),
        aud=GRAPH,
        exp=now + _LIFE_SECONDS,
        iat=now,
        auth_time=now,
        jti=random_id(),
        client_id=APP,
        sid=row.sid,
        fid=str(family.id),
        acr="L2",
        amr=("wx",),
        channel="wechat",
        scope="openid",
        first_party=True,
    )
    return Resident(token, await issue(session, clock, family, timedelta(hours=1)))
