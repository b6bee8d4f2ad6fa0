"""Clients that publish their keys: fetched when needed, kept for a while, and never often, whoever asks."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from redis.asyncio import Redis

from auth.clients.clients import register
from auth.clients.jwks import signing_keys
from auth.clients.tables import Client
from auth.errors import ClientRefusedError
from auth.keys.key_ring import KeyRing
from auth.provider.endpoints import answered, introspect
from auth.provider.environment import Environment
from auth.provider.requests import ProviderRequest
from kernel.clock import ManualClock, SystemClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.redis import key
from kernel.settings import Settings
from tests.auth.relying_parties import RelyingParty

ISSUER = "https://id.example"


class Asking:
    """A client that asks the provider something which needs no more than a proof of who it is."""

    def __init__(self, database: Database, environment: Environment, site: RelyingParty) -> None:
        self._database = database
        self._environment = environment
        self.site = site
        self.clock = environment.clock
        self.redis = environment.redis

    async def register(self) -> None:
        client = Client(
            client_id="housing",
            name_zh="住房",
            name_en="Housing",
            sector="department:housing",
            auth_method="private_key_jwt",
            jwks_uri=self.site.origin + "/jwks",
            redirect_uris=["https://housing.example/back"],
            created_at=self.clock.now(),
        )
        async with self._database.session() as session:
            await register(session, self.clock, client)

    async def ask(self, signed_by: ECKey) -> int:
        """Return the status of the provider's answer."""
        now = int(self.clock.now().timestamp())
        claims = {"iss": "housing", "sub": "housing", "aud": ISSUER, "exp": now + 60, "jti": secrets.token_urlsafe()}
        form = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": signed_by.thumbprint()}, claims, signed_by),
            "token": "none of ours",
        }
        request = ProviderRequest("POST", "/oauth/introspect", ISSUER, {}, list(form.items()))
        return (await answered(self._database, self._environment, introspect, request))[0]

    async def half_a_minute_later(self) -> None:
        """Redis counts real time, so what it would have forgotten by then is deleted."""
        assert 0 < await self.redis.ttl(key("client_keys", "housing", "turn")) <= 30
        await self.redis.delete(key("client_keys", "housing", "turn"))

    def publish(self, *keys: ECKey) -> None:
        self.site.jwks = {"keys": [each.as_dict(private=False) | {"kid": each.thumbprint()} for each in keys]}


@pytest.fixture
def clock() -> ManualClock:
    """Authlib judges an assertion's ``exp`` by the machine's time, so ours begins there and only goes ahead."""
    return ManualClock(SystemClock().now())


@pytest.fixture
async def housing(database: Database, redis: Redis, settings: Settings, clock: ManualClock) -> AsyncIterator[Asking]:
    site = RelyingParty()
    await site.start()
    opened = msgspec.structs.replace(settings, upstream_networks=("127.0.0.0/8",))
    environment = Environment(redis, clock, opened, ISSUER, open_keys(opened), lambda: KeyRing(()))
    made = Asking(database, environment, site)
    await made.register()
    yield made
    await site.stop()


def _new() -> ECKey:
    return ECKey.generate_key("P-256")


async def test_keys_are_fetched_once_and_kept_for_ten_minutes(housing: Asking, clock: ManualClock) -> None:
    mine = _new()
    housing.publish(mine)
    assert [await housing.ask(mine) for _ in range(3)] == [200, 200, 200]
    assert housing.site.fetched == 1
    clock.advance(timedelta(seconds=599))
    assert await housing.ask(mine) == 200
    assert housing.site.fetched == 1
    await housing.half_a_minute_later()
    clock.advance(timedelta(seconds=1))
    assert await housing.ask(mine) == 200
    assert housing.site.fetched == 2


async def test_a_slow_site_keeps_no_connection_to_the_database_waiting(housing: Asking, database: Database) -> None:
    mine = _new()
    housing.publish(mine)
    housing.site.seconds = 0.3
    asking = asyncio.create_task(housing.ask(mine))
    while housing.site.fetched == 0:
        await asyncio.sleep(0.01)
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # the kind of pool that it is
    assert await asking == 200


async def test_a_key_that_is_unknown_has_them_fetched_anew_at_most_twice_a_minute(housing: Asking) -> None:
    old, new = _new(), _new()
    housing.publish(old)
    assert await housing.ask(old) == 200
    housing.publish(new)
    assert await housing.ask(new) == 400
    assert housing.site.fetched == 1
    await housing.half_a_minute_later()
    assert [await housing.ask(new), await housing.ask(old)] == [200, 400]
    assert [await housing.ask(_new()) for _ in range(5)] == [400] * 5
    assert housing.site.fetched == 2


async def test_a_client_whose_keys_cannot_be_had_is_told_to_come_again_and_not_locked(housing: Asking) -> None:
    mine = _new()
    housing.publish(mine)
    housing.site.statuses = [500]
    assert [await housing.ask(mine) for _ in range(12)] == [503] * 12
    assert housing.site.fetched == 1
    await housing.half_a_minute_later()
    assert await housing.ask(mine) == 200


async def test_while_a_site_is_down_known_keys_serve_their_ten_minutes(housing: Asking, clock: ManualClock) -> None:
    mine = _new()
    housing.publish(mine)
    assert await housing.ask(mine) == 200
    await housing.half_a_minute_later()
    housing.site.statuses = [500]
    assert await housing.ask(_new()) == 400
    assert await housing.ask(mine) == 200
    assert housing.site.fetched == 2


@pytest.mark.parametrize("published", [b"no JSON", b"[]", b'{"keys": 1}', {"keys": []}, {"keys": [{"kty": "EC"}]}])
async def test_what_is_no_set_of_keys_is_none(housing: Asking, published: Any) -> None:
    housing.site.jwks = published
    assert await housing.ask(_new()) == 503


async def test_another_address_forgets_what_was_kept_of_the_first(housing: Asking, database: Database) -> None:
    mine = _new()
    housing.publish(mine)
    assert await housing.ask(mine) == 200
    await housing.half_a_minute_later()
    await database.pool.execute("UPDATE client SET jwks_uri = replace(jwks_uri, '/jwks', '/gone')")
    assert await housing.ask(mine) == 503


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (_new().as_dict(private=True), "private or shared"),
        (OctKey.generate_key(256).as_dict(private=True), "private or shared"),
        ({"kty": "RSA", "n": "z" * 171, "e": "AQAB"}, "fewer than 2048 bits"),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, "cannot be read"),
        (_new().as_dict(private=False) | {"use": "enc"}, "no EC or RSA key"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "no EC or RSA key"),
    ],
)
def test_keys_that_are_of_no_use_or_known_to_everybody_are_refused(bad: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        signing_keys({"keys": [bad]})


def test_other_keys_beside_a_good_one_are_left_out() -> None:
    good = _new().as_dict(private=False)
    others = [good | {"use": "enc"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}, {"kty": "tomorrow's"}]
    assert signing_keys({"keys": [*others, good]}) == {"keys": [good]}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"auth_method": "private_key_jwt"}, "a JWK Set, or says where"),
        ({"auth_method": "private_key_jwt", "jwks": {"keys": [{}]}}, "no EC or RSA key"),
        ({"jwks_uri": "https://housing.example/jwks"}, "Keys are for private_key_jwt"),
        ({"auth_method": "private_key_jwt", "jwks_uri": "http://housing.example/jwks"}, "URIs that cannot be used"),
        ({"tier": "T2", "jwks_uri": "https://housing.example/jwks"}, "authenticate by a key"),
    ],
)
async def test_a_client_is_registered_with_usable_keys_or_not_at_all(
    database: Database, clock: ManualClock, given: dict[str, Any], why: str
) -> None:
    common: dict[str, Any] = {
        "client_id": "site",
        "name_zh": "站",
        "name_en": "Site",
        "sector": "s",
        "redirect_uris": ["https://s/b"],
    }
    async with database.session() as session:
        with pytest.raises(ClientRefusedError, match=why):
            await register(session, clock, Client(**common, **given, created_at=clock.now()))
