import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.errors import HostQuotaError, HostUnavailableError
from adapters.http import HostHttp
from adapters.sandbox.wechat.apps import Refusal
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.wechat.quotas import Limit
from adapters.sandbox.world import World
from adapters.wechat.channel import WeChatChannel
from adapters.wechat.client import stable_token
from kernel.clock import ManualClock
from tests.adapters.wechat.conftest import APP, SECRET, settings_of, simulated_app


def token_calls(world: World) -> int:
    return sum(event.what in {"stable_token", "token"} for event in world.events)


@pytest.mark.case("FM-21")
async def test_a_rush_of_calls_costs_one_token(channel: WeChatChannel, world: World) -> None:
    await asyncio.gather(*(channel.client.has_session("nobody", "a2V5") for _ in range(20)), return_exceptions=True)
    assert token_calls(world) == 1


@pytest.mark.case("FM-21")
async def test_two_environments_do_not_drive_each_other_out(
    http: HostHttp, redis: Redis, clock: ManualClock, wechat: SimulatedWeChat, world: World
) -> None:
    production, staging = (WeChatChannel(http, redis, clock, settings_of()) for _ in range(2))
    identity = await production.sign_in(wechat.login(APP, "wang"))
    for environment in (production, staging) * 3:
        await redis.flushall()  # so they share nothing
        assert await environment.client.has_session(identity.subject, identity.session_key)
    assert token_calls(world) == 2


@pytest.mark.case("FM-21")
async def test_a_token_that_somebody_forced_out_is_replaced_once(
    channel: WeChatChannel, wechat: SimulatedWeChat, world: World, clock: ManualClock
) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    await channel.client.has_session(identity.subject, identity.session_key)
    clock.advance(timedelta(minutes=1))
    wechat._tokens.stable(APP, force=True)
    assert await channel.client.has_session(identity.subject, identity.session_key)
    assert token_calls(world) == 2


@pytest.mark.case("FM-21")
async def test_a_token_that_is_refused_at_once_is_not_fetched_in_a_loop(
    channel: WeChatChannel, wechat: SimulatedWeChat, world: World
) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    await channel.client.has_session(identity.subject, identity.session_key)
    wechat._tokens._issued.clear()
    for _ in range(10):
        with pytest.raises(HostUnavailableError, match="has just given"):
            await channel.client.has_session(identity.subject, identity.session_key)
    assert token_calls(world) == 1


async def test_a_token_outlives_the_next_by_minutes(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock
) -> None:
    old, seconds = wechat._tokens.stable(APP, force=False)
    assert (len(old) >= 100, seconds) == (True, 7200)
    clock.advance(timedelta(seconds=6800))
    assert wechat._tokens.stable(APP, force=False) == (old, 400)
    clock.advance(timedelta(seconds=101))
    new, seconds = wechat._tokens.stable(APP, force=False)
    assert (new != old, seconds) == (True, 7200)
    clock.advance(timedelta(seconds=299))
    assert wechat._tokens.app_of(old) == wechat._tokens.app_of(new) == APP
    clock.advance(timedelta(seconds=2))
    with pytest.raises(Refusal, match="42001"):
        wechat._tokens.app_of(old)


async def test_an_expired_token_is_replaced(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock, world: World
) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    await channel.client.has_session(identity.subject, identity.session_key)
    clock.advance(timedelta(hours=3))
    assert await channel.client.has_session(identity.subject, identity.session_key)
    assert token_calls(world) == 2


@pytest.mark.case("FM-21")
async def test_through_a_day_no_token_is_refused_and_few_are_fetched(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock, world: World
) -> None:
    """WeChat gives the same token again until its last five minutes, so asking early must not mean asking often."""
    for _ in range(24 * 60):
        wechat._tokens.app_of(await channel.client._tokens.get())
        clock.advance(timedelta(minutes=1))
    assert 12 <= token_calls(world) <= 3 * 13


async def test_forcing_kills_the_old_token_and_is_limited(wechat: SimulatedWeChat, clock: ManualClock) -> None:
    old, _ = wechat._tokens.stable(APP, force=False)
    new, _ = wechat._tokens.stable(APP, force=True)
    with pytest.raises(Refusal, match="40001"):
        wechat._tokens.app_of(old)
    assert wechat._tokens.stable(APP, force=True)[0] == new, "less than 30 seconds later it does nothing"
    with pytest.raises(Refusal, match="45009"):
        for _ in range(20):
            clock.advance(timedelta(seconds=31))
            wechat._tokens.stable(APP, force=True)


async def test_the_older_tokens_are_a_family_of_their_own(
    http: HostHttp, wechat: SimulatedWeChat, clock: ManualClock
) -> None:
    stable, _ = await stable_token(http, settings_of())
    first = await http.send("GET", f"/cgi-bin/token?grant_type=client_credential&appid={APP}&secret={SECRET}")
    second, _ = wechat._tokens.plain(APP)
    assert second not in first.body.decode()
    clock.advance(timedelta(minutes=6))
    assert {wechat._tokens.app_of(each) for each in (stable, second)} == {APP}
    with pytest.raises(Refusal, match="42001"):
        wechat._tokens.app_of(first.body.decode().split('"')[3])


async def test_a_used_up_quota_says_until_when(wechat: SimulatedWeChat, http: HostHttp, world: World) -> None:
    wechat._tokens._quotas._limits["tokens_of_day"] = Limit(1, 86_400)
    await stable_token(http, settings_of())
    with pytest.raises(HostQuotaError) as raised:
        await stable_token(http, settings_of())
    assert raised.value.fix == "Wait until today is over."


async def test_success_is_said_by_leaving_the_code_out(http: HostHttp, wechat: SimulatedWeChat) -> None:
    code = wechat.login(APP, "wang")
    query = f"appid={APP}&secret={SECRET}&js_code={code}&grant_type=authorization_code"
    said, again = [await http.send("GET", f"/sns/jscode2session?{query}") for _ in range(2)]
    assert (said.status, b"errcode" in said.body, b'"openid"' in said.body) == (200, False, True)
    assert (again.status, b'"errcode":40029' in again.body, b"rid: " in again.body) == (200, True, True)


async def test_settings_show_no_secret() -> None:
    assert repr(settings_of()) == f"WeChatApp({APP})"
    assert simulated_app().app_id == APP
