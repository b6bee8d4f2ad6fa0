import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.channel import HostIdentity
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    OutcomeUnknownError,
    SessionStaleError,
    SignatureRefusedError,
    UserBlockedError,
)
from adapters.http import HostHttp
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.wechat.channel import WeChatChannel
from kernel.clock import ManualClock
from tests.adapters.wechat.conftest import APP, OTHER_APP, SECRET, settings_of, simulated_app


async def test_a_resident_signs_in(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    again = await channel.sign_in(wechat.login(APP, "wang"))
    assert (identity.provider, identity.app_id) == ("wechat", APP)
    assert len(identity.subject) == len(identity.union_subject) == 28
    assert (identity.subject, identity.union_subject) == (again.subject, again.union_subject)
    assert identity.session_key != again.session_key
    assert identity.session_key not in repr(identity)


@pytest.mark.case("FM-22")
async def test_a_code_sent_twice_gives_the_same_twice(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    code = wechat.login(APP, "wang")
    at_once = await asyncio.gather(*(channel.sign_in(code) for _ in range(5)))
    assert [await channel.sign_in(code), *at_once] == [at_once[0]] * 6


@pytest.mark.case("FM-22")
async def test_so_does_one_sent_to_two_processes(
    channel: WeChatChannel, wechat: SimulatedWeChat, http: HostHttp, redis: Redis, clock: ManualClock
) -> None:
    other = WeChatChannel(http, redis, clock, settings_of())
    code = wechat.login(APP, "wang")
    one, two = await asyncio.gather(channel.sign_in(code), other.sign_in(code))
    assert one == two


@pytest.mark.case("FM-22")
async def test_a_used_code_is_refused_when_its_answer_is_forgotten(
    channel: WeChatChannel, wechat: SimulatedWeChat, redis: Redis
) -> None:
    code = wechat.login(APP, "wang")
    await channel.sign_in(code)
    await redis.flushall()
    with pytest.raises(CodeRefusedError):
        await channel.sign_in(code)


@pytest.mark.case("FM-22")
async def test_a_phone_code_sent_twice_gives_the_same_twice(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    proof = {"code": wechat.phone_proof(APP, "wang")["code"]}
    assert [await channel.phone_number(proof, identity) for _ in range(2)] == ["+8613900000001"] * 2


@pytest.mark.case("FM-22")
async def test_a_phone_code_is_worth_nothing_to_another_resident(
    channel: WeChatChannel, wechat: SimulatedWeChat
) -> None:
    wang = await channel.sign_in(wechat.login(APP, "wang"))
    li = await channel.sign_in(wechat.login(APP, "li"))
    proof = wechat.phone_proof(APP, "wang")
    await channel.phone_number(proof, wang)
    with pytest.raises(CodeRefusedError):
        await channel.phone_number(proof, li)


async def test_codes_end_after_five_minutes(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock
) -> None:
    code = wechat.login(APP, "wang")
    clock.advance(timedelta(minutes=5, seconds=1))
    with pytest.raises(CodeRefusedError):
        await channel.sign_in(code)


@pytest.mark.parametrize("code", ["", "made-up", "with space&appid=x"])
async def test_other_codes_are_refused(channel: WeChatChannel, code: str) -> None:
    with pytest.raises(CodeRefusedError):
        await channel.sign_in(code)


async def test_another_apps_code_is_refused(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    with pytest.raises(CodeRefusedError):
        await channel.sign_in(wechat.login(OTHER_APP, "wang"))


async def test_a_sign_in_code_is_no_phone_code(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    with pytest.raises(CodeRefusedError, match=r"40029 \(rid "):
        await channel.phone_number({"code": wechat.login(APP, "wang")}, identity)


def encrypted(wechat: SimulatedWeChat, app_id: str = APP) -> dict[str, str]:
    return {name: value for name, value in wechat.phone_proof(app_id, "wang").items() if name != "code"}


@pytest.mark.case("FM-23")
async def test_data_of_a_newer_session_asks_for_a_new_sign_in(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    assert await channel.phone_number(encrypted(wechat), identity) == "+8613900000001"
    wechat.login(APP, "wang")  # a data pre-fetch does so unseen
    with pytest.raises(SessionStaleError):
        await channel.phone_number(encrypted(wechat), identity)


@pytest.mark.case("FM-23")
async def test_data_of_another_app_is_refused_though_it_opens(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    proof = encrypted(wechat, OTHER_APP)
    wechat.people._sessions[APP, "wang"] = wechat.people._sessions[OTHER_APP, "wang"]
    key = wechat.people._session_key(OTHER_APP, "wang")
    with pytest.raises(SignatureRefusedError, match="another app"):
        await channel.phone_number(proof, HostIdentity("wechat", APP, "subject", session_key=key))


@pytest.mark.case("FM-23")
async def test_old_data_is_refused(channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    proof = encrypted(wechat)
    clock.advance(timedelta(minutes=6))
    with pytest.raises(SessionStaleError, match="too old"):
        await channel.phone_number(proof, identity)


@pytest.mark.case("FM-24")
async def test_who_gets_a_union_subject_later_stays_the_same_subject(
    channel: WeChatChannel, wechat: SimulatedWeChat
) -> None:
    wechat.configure(simulated_app(owner=""))
    before = await channel.sign_in(wechat.login(APP, "wang"))
    wechat.configure(simulated_app())
    after = await channel.sign_in(wechat.login(APP, "wang"))
    assert (before.union_subject, before.subject) == ("", after.subject)
    assert after.union_subject


@pytest.mark.case("FM-27")
async def test_a_resident_of_high_risk_is_told_from_a_bad_code(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    wechat.people.blocked.add("wang")
    with pytest.raises(UserBlockedError) as raised:
        await channel.sign_in(wechat.login(APP, "wang"))
    assert "without it" in raised.value.fix


async def test_too_many_sign_ins_in_a_minute(
    channel: WeChatChannel, wechat: SimulatedWeChat, clock: ManualClock
) -> None:
    for _ in range(100):
        wechat.people.session(simulated_app(), wechat.login(APP, "wang"))
    with pytest.raises(HostQuotaError):
        await channel.sign_in(wechat.login(APP, "wang"))
    clock.advance(timedelta(minutes=1))
    await channel.sign_in(wechat.login(APP, "wang"))


async def test_sessions_are_checked_and_replaced(channel: WeChatChannel, wechat: SimulatedWeChat) -> None:
    identity = await channel.sign_in(wechat.login(APP, "wang"))
    assert await channel.client.has_session(identity.subject, identity.session_key)
    renewed = await channel.client.reset_session(identity.subject, identity.session_key)
    assert not await channel.client.has_session(identity.subject, identity.session_key)
    assert await channel.client.has_session(identity.subject, renewed)
    with pytest.raises(SessionStaleError):
        await channel.client.reset_session(identity.subject, identity.session_key)


async def test_a_busy_wechat_can_be_tried_again(channel: WeChatChannel, wechat: SimulatedWeChat, world: World) -> None:
    world.plan_fault("wechat.jscode2session", "unavailable")
    code = wechat.login(APP, "wang")
    with pytest.raises(HostUnavailableError):
        await channel.sign_in(code)
    assert await channel.sign_in(code)


@pytest.mark.parametrize("fault", ["slow", "error_after_work"])
async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(
    channel: WeChatChannel, wechat: SimulatedWeChat, world: World, fault: str
) -> None:
    world.plan_fault("wechat.jscode2session", fault)  # type: ignore[arg-type]  # parametrized
    with pytest.raises(OutcomeUnknownError) as raised:
        await channel.sign_in(wechat.login(APP, "wang"))
    assert SECRET not in f"{raised.value.message} {raised.value.fix} {raised.value.__cause__}"


@pytest.mark.parametrize(
    ("wrong", "code"), [({"secret": "wrong"}, "40125"), ({"app_id": "wx0000000000000000"}, "40013")]
)
async def test_a_wrong_configuration_is_an_operators_affair(
    http: HostHttp, redis: Redis, clock: ManualClock, wrong: dict[str, str], code: str
) -> None:
    channel = WeChatChannel(http, redis, clock, settings_of(**wrong))
    with pytest.raises(HostConfigurationError, match=code):
        await channel.sign_in("any")
    with pytest.raises(HostConfigurationError, match=code):
        await channel.phone_number({"code": "any"}, HostIdentity("wechat", APP, "subject"))
