"""Signing keys change while tokens live: nobody ever meets a signature by a key that is not published."""

from datetime import timedelta

import pytest
from joserfc import jwt

from auth.errors import NoSigningKeyError
from auth.keys import key_ring
from auth.keys.key_ring import ALGORITHMS, PUBLISHED_AFTER, PUBLISHED_BEFORE, KeyRing
from kernel.clock import ManualClock
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.settings import Settings
from tests.auth.relying_parties import verified

pytestmark = pytest.mark.case("SSO-29")
SECOND = timedelta(seconds=1)


class Ring:
    """The keys as a process that starts now reads them."""

    def __init__(self, database: Database, settings: Settings, clock: ManualClock) -> None:
        self._database = database
        self._cipher = open_keys(settings).cipher
        self.clock = clock

    async def now(self) -> KeyRing:
        async with self._database.session() as session:
            return await key_ring.load(session, self._cipher, self.clock)

    async def ensure(self) -> None:
        async with self._database.session() as session:
            await key_ring.ensure(session, self._cipher, self.clock)

    async def rotate(self) -> None:
        async with self._database.session() as session:
            await key_ring.rotate(session, self._cipher, self.clock)

    async def signers(self) -> dict[str, str]:
        """Return the id of the key that signs now, by algorithm."""
        ring = await self.now()
        return {algorithm: ring.signer(algorithm, self.clock.now()).kid for algorithm in ALGORITHMS}

    async def published(self) -> set[str]:
        return {key["kid"] for key in (await self.now()).jwks(self.clock.now())["keys"]}


@pytest.fixture
async def ring(database: Database, settings: Settings, clock: ManualClock) -> Ring:
    made = Ring(database, settings, clock)
    await made.ensure()
    return made


async def test_a_key_is_published_then_signs_then_verifies_for_a_day_then_is_gone(ring: Ring) -> None:
    old = await ring.signers()
    signer = (await ring.now()).signer("RS256", ring.clock.now())
    token = jwt.encode({"alg": "RS256", "kid": signer.kid}, {"sub": "x"}, signer.key)
    await ring.rotate()
    both = await ring.published()
    assert len(both) == 4  # a relying party's copy of the keys is renewed before anything is signed by the new ones
    assert await ring.signers() == old
    ring.clock.advance(PUBLISHED_BEFORE - SECOND)
    assert await ring.signers() == old
    ring.clock.advance(SECOND)
    new = await ring.signers()
    assert {*old.values(), *new.values()} == both
    assert set(old.values()) & set(new.values()) == set()

    ring.clock.advance(PUBLISHED_AFTER - SECOND)
    assert timedelta(hours=24) == PUBLISHED_AFTER
    assert verified(token, (await ring.now()).jwks(ring.clock.now())).claims == {"sub": "x"}
    ring.clock.advance(SECOND)
    assert await ring.published() == set(new.values())
    assert (await ring.now()).verifier(old["RS256"], ring.clock.now()) is None
    assert await ring.signers() == new


async def test_a_process_that_reads_no_keys_anew_forgets_an_old_one_too(ring: Ring) -> None:
    await ring.rotate()
    read, old = await ring.now(), await ring.signers()
    ring.clock.advance(PUBLISHED_BEFORE + PUBLISHED_AFTER)
    assert read.verifier(old["ES256"], ring.clock.now()) is None
    assert len(read.jwks(ring.clock.now())["keys"]) == 2


async def test_what_is_published_of_a_key_is_public(ring: Ring) -> None:
    for key in (await ring.now()).jwks(ring.clock.now())["keys"]:
        assert {"d", "p", "q", "dp", "dq", "qi"} & key.keys() == set()
        assert key["use"] == "sig"


def test_without_a_key_nothing_is_signed(clock: ManualClock) -> None:
    with pytest.raises(NoSigningKeyError):
        KeyRing(()).signer("RS256", clock.now())
