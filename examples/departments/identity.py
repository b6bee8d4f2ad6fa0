"""Who asks, as the platform's gateway says it: the signed assertion in the header ``yiwang-identity`` (RFC 7519).

This is all of a department's side of docs/assertions.md, and imports nothing of the platform: a department may copy it.
A department that lets in whom the header names must be sure of it by the platform's published keys, not by the network.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal

import aiohttp
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from msgspec import Struct

HEADER = "yiwang-identity"
TYPE = "yiwang-identity+jwt"
KEYS_PATH = "/oauth/jwks"

SKEW_SECONDS = 30  # that our clock may differ from the platform's
REFETCH_SECONDS = 30.0  # at the soonest, however many unknown keys are named
KEEP_SECONDS = 300.0  # then a key that was withdrawn is known no more; the platform's own cache-control says the same
_FETCH_SECONDS = 5.0
_MOST_BYTES = 4096  # of an assertion: it has 500 or so

Level = Literal["L1", "L2", "L3", "L4"]


class RefusedError(Exception):
    """The assertion is missing or not to be believed; the text says why and may be shown."""


class NoKeysError(Exception):
    """The platform's keys cannot be had now, so nobody can be believed."""


class Resident(Struct, frozen=True, kw_only=True):
    """The claims of an assertion. ``sub`` is the resident's name at this department and nowhere else.

    It is ``organisation:`` and a credit code where somebody acts for a company.
    """

    iss: str
    aud: str
    sub: str
    iat: int
    exp: int
    acr: Level
    auth_time: int
    channel: str
    purpose: str = ""
    act: dict[str, str] | None = None  # {"sub": …}: who acts for ``sub``


class PlatformKeys:
    """The platform's ES256 keys by their ``kid``, from the JWK Set (RFC 7517 section 5) at a URL.

    ``moment`` gives seconds of a clock that only goes on. A key is published long before it signs and long after, so
    that keeping the set for a while misses none.
    """

    def __init__(self, url: str, moment: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._moment = moment
        self._keys: dict[str, ECKey] = {}
        self._fetched = self._tried = -float("inf")
        self._one_at_a_time = asyncio.Lock()

    async def get(self, kid: str) -> ECKey:
        """Return the key. Raises RefusedError if there is none of this name, NoKeysError if none could be had."""
        if self._wanting(kid):
            async with self._one_at_a_time:
                if self._wanting(kid):  # nobody has fetched meanwhile
                    await self._fetch()
        if self._moment() - self._fetched >= KEEP_SECONDS + REFETCH_SECONDS:
            raise NoKeysError("The platform's keys cannot be fetched; try again in half a minute.")
        if kid not in self._keys:
            raise RefusedError("The assertion is signed by no key of the platform.")
        return self._keys[kid]

    def _wanting(self, kid: str) -> bool:
        old = self._moment() - self._fetched >= KEEP_SECONDS
        return (old or kid not in self._keys) and self._moment() - self._tried >= REFETCH_SECONDS

    async def _fetch(self) -> None:
        self._tried = self._moment()
        timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as client,
                client.get(self._url, allow_redirects=False) as response,
            ):
                found = await response.json(content_type=None)
            self._keys = {each["kid"]: ECKey.import_key(each) for each in found["keys"] if each.get("alg") == "ES256"}
        except (
            aiohttp.ClientError,
            TimeoutError,
            JoseError,
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
        ) as error:
            print(f"the platform's keys cannot be fetched from {self._url}: {error!r}", flush=True)  # noqa: T201 - our log
        else:
            self._fetched = self._tried


class Verifier:
    """Believes the assertions of one platform (``issuer``) that are for ``audience``: ``service:…``, ``system:…``.

    ``now``: seconds since 1970.
    """

    def __init__(self, issuer: str, audience: str, keys: PlatformKeys, now: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._now = now

    async def __call__(self, header: str | None, level: Level) -> Resident:
        """Return who asks. Raises RefusedError, also for one who has not shown at least ``level``, and NoKeysError."""
        if not header:
            raise RefusedError(f"The header {HEADER} is missing: call through the platform.")
        if len(header) > _MOST_BYTES:
            raise RefusedError("The assertion is too long.")
        resident = await self._read(header)
        if resident.iss != self._issuer:
            raise RefusedError("The assertion is another platform's.")
        if resident.aud != self._audience:
            raise RefusedError(f"The assertion is not for {self._audience}.")
        if not resident.sub or not resident.iat - SKEW_SECONDS <= self._now() < resident.exp + SKEW_SECONDS:
            raise RefusedError("The assertion has expired, or is not valid yet.")
        if resident.acr < level:  # L1 < L2 < L3 < L4
            raise RefusedError(f"This asks for a sign-in at {level}; the assertion says {resident.acr}.")
        return resident

    async def _read(self, header: str) -> Resident:
        """Check signature and type, and return the claims."""
        try:
            said: dict[str, Any] = jws.extract_compact(header.encode()).headers()
            if said.get("alg") != "ES256" or said.get("typ") != TYPE:
                raise RefusedError(f"This is no {TYPE} signed with ES256.")
            key = await self._keys.get(str(said.get("kid", "")))
            return msgspec.convert(jwt.decode(header, key, algorithms=["ES256"]).claims, Resident)
        except (JoseError, ValueError, TypeError, msgspec.ValidationError) as error:
            raise RefusedError("The assertion cannot be believed.") from error
