"""The keys of clients that publish them at a URL of theirs (``jwks_uri``), fetched when they are needed.

Requests that need them come from anybody, so a client's keys are fetched at most once in half a minute, whatever the
requests say and whether the fetch succeeds: whoever gets the turn fetches, all others do with what there is. The fetch
takes as long as the client's site likes, so no transaction waits for it: the request is begun anew after it.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc.jwk import KeySet
from msgspec import Struct
from redis.asyncio import Redis

from auth.clients.jwks import signing_keys
from auth.clients.tables import Client
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.redis import key

Fetch = Callable[[str], Awaitable[bytes]]
"""``kernel.outside.Outside.get``."""

FRESH_SECONDS = 600
_TURN_SECONDS = 30
_GRACE_SECONDS = 60  # for those who come while another fetches anew
_log = logging.getLogger(__name__)


class KeysUnavailableError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """A client's keys cannot be had just now: it is not the client's proof that failed, and it may try again."""

    error = "temporarily_unavailable"
    status_code = 503


class KeysWantedError(Exception):
    """A client's keys have to be fetched from ``uri``, and then what needs them begun anew."""

    def __init__(self, client: Client) -> None:
        super().__init__(client.client_id)
        self.client_id = client.client_id
        self.uri = client.jwks_uri


class _Kept(Struct, frozen=True):
    uri: str
    fetched_at: float  # seconds since 1970
    keys: list[dict[str, Any]]

    def set(self) -> KeySet:
        return KeySet.import_key_set({"keys": self.keys})


async def keys_of(client: Client, kid: str, redis: Redis, clock: Clock) -> KeySet:
    """Return a client's keys, kept for ten minutes; to be fetched anew for a ``kid`` that is not among them.

    Raises KeysWantedError, KeysUnavailableError.
    """
    kept = await _kept(client, redis)
    fresh = kept is not None and clock.now().timestamp() - kept.fetched_at < FRESH_SECONDS
    if kept is not None and fresh and (not kid or any(each.get("kid") == kid for each in kept.keys)):
        return kept.set()
    if await redis.set(key("client_keys", client.client_id, "turn"), b"", ex=_TURN_SECONDS, nx=True):
        raise KeysWantedError(client)
    if kept is None:
        raise KeysUnavailableError("The client's keys cannot be fetched. Try again in half a minute.")
    return kept.set()


async def fetch_keys(wanted: KeysWantedError, fetch: Fetch, redis: Redis, clock: Clock) -> None:
    """Keep what a client publishes now; of no use, it is a line in the log."""
    try:
        keys = signing_keys(msgspec.json.decode(await fetch(wanted.uri)))["keys"]
    except (YiwangError, ValueError) as error:  # msgspec's errors are ValueErrors
        _log.warning("a client's keys cannot be used", extra={"client_id": wanted.client_id, "error": str(error)})
        return
    found = _Kept(wanted.uri, clock.now().timestamp(), keys)
    await redis.set(_name(wanted.client_id), msgspec.json.encode(found), ex=FRESH_SECONDS + _GRACE_SECONDS)


async def _kept(client: Client, redis: Redis) -> _Kept | None:
    found = await redis.get(_name(client.client_id))
    kept = msgspec.json.decode(found, type=_Kept) if found is not None else None
    return kept if kept is not None and kept.uri == client.jwks_uri else None


def _name(client_id: str) -> str:
    return key("client_keys", client_id)
