"""Signing in by a host app's one-time code: the code's identity, its account, a session of the app.

A code is good for one session. Whoever sends it again within two minutes gets the same answer again, as a client does
that lost it; so does whoever has stolen it, whom the host app would have believed as well.
"""

import logging
from collections.abc import Mapping

import msgspec
from redis.exceptions import RedisError

from adapters.channel import Channel, HostIdentity
from adapters.errors import NotOfferedError
from auth.accounts import accounts
from auth.accounts.accounts import Proven
from auth.assurance import aal_of
from auth.residents.app_sessions import Tokens, open_session
from auth.residents.repeats import Repeats
from auth.sessions.sessions import SignIn
from schema import host_sessions
from schema.context import Platform
from schema.errors import ArgumentRefusedError, UnknownAppError

METHODS: Mapping[str, str] = {"wechat": "wx", "alipay": "alipay", "baidu": "baidu"}
"""The method (``amr``) that a host app's sign-in is."""

_MOST_CODE_CHARACTERS = 2048
_log = logging.getLogger(__name__)


def channel_of(platform: Platform, app: str) -> Channel:
    """Return an app's channel. Raises UnknownAppError."""
    found = platform.channels.get(app)
    if found is None:
        raise UnknownAppError("The deployment has no such app", fix="Send the mini-program's own app id.")
    return found


async def sign_in(platform: Platform, app: str, code: str, device: str) -> Tokens:
    """Exchange a code. Raises UnknownAppError, AccountClosedError, and what the channel raises."""
    channel = channel_of(platform, app)
    if len(code) > _MOST_CODE_CHARACTERS:
        raise ArgumentRefusedError("The code is longer than any code", fix="Send the host app's one-time code.")
    repeats = Repeats(platform.environment.redis, "sign-in")

    async def read() -> Tokens | None:
        kept = await repeats.read(app, code)
        return None if kept is None else msgspec.json.decode(kept, type=Tokens)

    async def make() -> Tokens:
        made = await _signed_in(platform, await channel.sign_in(code), device)
        try:
            await repeats.keep(msgspec.json.encode(made), app, code)
        except (RedisError, OSError):
            _log.warning("a code that is sent again will be refused, or begin another session", exc_info=True)
        return made

    return await platform.sign_ins.run(repeats.tag(app, code), read, make)


def proven(platform: Platform, host: HostIdentity) -> Proven:
    """Return an identity as accounts know it. Raises NotOfferedError for one that no account is found by."""
    if host.provider == "web":
        raise NotOfferedError("The web has no sign-in of its own", fix="Sign in at the OpenID provider.")
    owner = platform.owners.get(host.app_id, "")
    return Proven(
        provider=host.provider,
        tenant=host.app_id,
        subject=host.subject,
        union_tenant=owner,
        union_subject=host.union_subject if owner else "",
    )


async def _signed_in(platform: Platform, host: HostIdentity, device: str) -> Tokens:
    environment = platform.environment
    methods = (METHODS.get(host.provider, ""),)
    async with platform.database.session() as session:
        account, identity = await accounts.sign_in(session, environment.clock, proven(platform, host))
        who = SignIn(
            account_id=account.id,
            identity_id=identity.id,
            client_id=host.app_id,
            channel=host.provider,
            ial=account.ial,
            aal=aal_of(methods),
            amr=methods,
            device=device,
        )
        tokens = await open_session(session, environment, who)
    if host.session_key:
        await host_sessions.keep(environment, identity.id, host.session_key)
    return tokens
