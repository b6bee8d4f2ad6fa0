import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.access_tokens import AccessTokens
from adapters.errors import HostUnavailableError
from kernel.clock import ManualClock
from kernel.redis import key, open_redis
from kernel.settings import Settings

NAME = "wechat:wx0123456789abcdef"


class Host:
    """Gives out a new token each time."""

    def __init__(self, seconds: int = 7200) -> None:
        self.fetches = 0
        self.seconds = seconds
        self.down = False
        self.pause = 0.05

    async def fetch(self) -> tuple[str, int]:
        self.fetches += 1
        await asyncio.sleep(self.pause)
        if self.down:
            raise HostUnavailableError("WeChat cannot be reached")
        return f"token-{self.fetches}", self.seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def gone(server_settings: Settings) -> AsyncIterator[Redis]:
    """A Redis that nobody answers for."""
    async with open_redis(msgspec.structs.replace(server_settings, redis_url="redis://127.0.0.1:1/0")) as client:
        yield client


@pytest.mark.case("FM-21")
async def test_fifty_callers_in_two_processes_cost_one_fetch(
    settings: Settings, clock: ManualClock, host: Host
) -> None:
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(open_redis(settings)) for _ in range(2)]
        caches = [AccessTokens(client, clock, NAME, host.fetch) for client in clients]
        tokens = await asyncio.gather(*(caches[number % 2].get() for number in range(50)))
    assert (host.fetches, set(tokens)) == (1, {"token-1"})


@pytest.mark.case("FM-21")
async def test_fifty_processes_cost_one_fetch(settings: Settings, clock: ManualClock, host: Host) -> None:
    async with AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(open_redis(settings)) for _ in range(2)]
        caches = [AccessTokens(clients[number % 2], clock, NAME, host.fetch) for number in range(50)]
        tokens = await asyncio.gather(*(cache.get() for cache in caches))
    assert (host.fetches, set(tokens)) == (1, {"token-1"})


async def test_a_token_is_renewed_before_it_ends_at_a_time_that_differs(
    redis: Redis, clock: ManualClock, host: Host
) -> None:
    early = AccessTokens(redis, clock, NAME, host.fetch, random=lambda: 1.0)
    assert await early.get() == "token-1"
    clock.advance(timedelta(seconds=7200 - 601))
    assert await early.get() == "token-1"
    clock.advance(timedelta(seconds=2))
    assert await early.get() == "token-2"
    late = AccessTokens(redis, clock, "wechat:other", host.fetch, random=lambda: 0.0)
    assert await late.get() == "token-3"
    clock.advance(timedelta(seconds=7200 - 301))
    assert await late.get() == "token-3"


async def test_a_short_life_is_halved_and_not_fetched_all_the_time(
    redis: Redis, clock: ManualClock, host: Host
) -> None:
    host.seconds = 310
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    assert [await cache.get() for _ in range(5)] == ["token-1"] * 5
    clock.advance(timedelta(seconds=156))
    assert await cache.get() == "token-2"


async def test_while_one_renews_the_others_use_the_old_token(redis: Redis, clock: ManualClock, host: Host) -> None:
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    await cache.get()
    clock.advance(timedelta(seconds=7000))
    tokens = await asyncio.gather(*(cache.get() for _ in range(10)))
    assert (tokens.count("token-1"), tokens.count("token-2"), host.fetches) == (9, 1, 2)


async def test_the_old_token_serves_while_the_host_is_down(redis: Redis, clock: ManualClock, host: Host) -> None:
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    await cache.get()
    host.down = True
    clock.advance(timedelta(seconds=7000))
    assert [await cache.get() for _ in range(5)] == ["token-1"] * 5
    assert host.fetches == 2


async def test_a_host_that_is_down_is_not_asked_by_everybody(redis: Redis, clock: ManualClock, host: Host) -> None:
    host.down = True
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    failures = await asyncio.gather(*(cache.get() for _ in range(50)), return_exceptions=True)
    assert {type(each) for each in failures} == {HostUnavailableError}
    with pytest.raises(HostUnavailableError):
        await cache.get()
    assert host.fetches == 1
    host.down = False
    clock.advance(timedelta(seconds=2))
    assert await cache.get() == "token-2"


@pytest.mark.case("FM-21")
async def test_only_the_token_that_failed_is_dropped(redis: Redis, clock: ManualClock, host: Host) -> None:
    one, other = (AccessTokens(redis, clock, NAME, host.fetch) for _ in range(2))
    first = await one.get()
    assert await other.get() == first
    clock.advance(timedelta(seconds=10))
    await one.invalidate(first)
    second = await one.get()
    await other.invalidate(first)  # late news: the shared token is another by now
    assert await other.get() == await one.get() == second == "token-2"
    assert host.fetches == 2


@pytest.mark.case("FM-21")
async def test_a_token_that_fails_at_once_is_not_fetched_over_and_over(
    redis: Redis, clock: ManualClock, host: Host
) -> None:
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    for _ in range(20):
        await cache.invalidate(await cache.get())
    assert host.fetches == 1


async def test_without_redis_each_process_fetches_once(gone: Redis, clock: ManualClock, host: Host) -> None:
    cache = AccessTokens(gone, clock, NAME, host.fetch)
    assert set(await asyncio.gather(*(cache.get() for _ in range(50)))) == {"token-1"}
    clock.advance(timedelta(seconds=10))
    await cache.invalidate("token-1")
    assert [await cache.get() for _ in range(5)] == ["token-2"] * 5
    assert host.fetches == 2


async def test_a_holder_that_died_holds_nobody_up_for_ever(redis: Redis, clock: ManualClock, host: Host) -> None:
    await redis.set(key("access-token", NAME, "lock"), "a dead process", px=300)
    assert await AccessTokens(redis, clock, NAME, host.fetch).get() == "token-1"


async def test_a_caller_who_leaves_takes_nothing_from_the_others(redis: Redis, clock: ManualClock, host: Host) -> None:
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    leaving = asyncio.create_task(cache.get())
    staying = asyncio.create_task(cache.get())
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert await staying == "token-1"
    assert host.fetches == 1


async def test_no_token_is_in_the_representation(redis: Redis, clock: ManualClock, host: Host) -> None:
    cache = AccessTokens(redis, clock, NAME, host.fetch)
    token = await cache.get()
    assert token not in repr(cache) + repr(vars(cache))
