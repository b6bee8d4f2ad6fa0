"""The session keys of host apps, which open what their buttons give the client: kept sealed, for a day.

A host app gives out another at any sign-in; whoever needs one that is gone has the client sign in again.
"""

import logging
from uuid import UUID

from redis.exceptions import RedisError

from adapters.channel import HostIdentity
from auth.accounts.tables import Identity
from auth.provider.environment import Environment
from kernel.redis import key

_COLUMN = "host_session.key"
_SECONDS = 86_400

_log = logging.getLogger(__name__)


async def keep(environment: Environment, identity_id: UUID, session_key: str) -> None:
    """Keep the key of an identity's latest sign-in; without Redis the phone number button asks for another sign-in."""
    sealed = environment.keys.cipher.seal(_COLUMN, identity_id, session_key)
    try:
        await environment.redis.set(key("host_session", identity_id), sealed, ex=_SECONDS)
    except (RedisError, OSError):
        _log.warning("a host app's session key is not kept", exc_info=True)


async def host_identity(environment: Environment, row: Identity) -> HostIdentity:
    """Return an identity as its host app's channel takes it; without a session key if that is gone."""
    sealed = await environment.redis.get(key("host_session", row.id))
    session_key = environment.keys.cipher.open(_COLUMN, row.id, sealed) if isinstance(sealed, bytes) else ""
    provider = row.provider if row.provider in ("wechat", "alipay", "baidu") else "web"
    return HostIdentity(provider, row.tenant, row.subject, row.union_subject, session_key)
