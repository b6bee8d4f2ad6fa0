import re
from typing import Any

import pytest

from adapters.channel import HostIdentity, Message
from adapters.errors import HostUnavailableError, MessageRefusedError
from adapters.sandbox.wechat.apps import Template
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.wechat import keywords
from adapters.wechat.channel import WeChatChannel
from tests.adapters.wechat.conftest import APP, KEYWORDS, TEMPLATE, VALUES, simulated_app


@pytest.fixture
async def wang(channel: WeChatChannel, wechat: SimulatedWeChat) -> HostIdentity:
    return await channel.sign_in(wechat.login(APP, "wang"))


def message(wang: HostIdentity, **changes: Any) -> Message:
    return Message(**({"to": wang.subject, "template": TEMPLATE, "values": VALUES} | changes))


def sent(world: World) -> int:
    return sum(event.what == "send" for event in world.events)


async def refused(channel: WeChatChannel, told: Message) -> tuple[str, str]:
    with pytest.raises(MessageRefusedError) as raised:
        await channel.send_message(told)
    return raised.value.reason, raised.value.field


async def test_a_message_arrives(channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    await channel.send_message(message(wang, page="pages/park/pay?ticket=1"))
    (arrived,) = wechat.inbox("wang")
    assert (arrived.title, arrived.page) == ("停车缴费通知", "pages/park/pay?ticket=1")
    assert arrived.lines == tuple((label, VALUES[keyword]) for keyword, label in KEYWORDS.items())
    assert not wechat.inbox("li")


@pytest.mark.case("FM-28")
async def test_a_tap_allows_one_message_and_the_next_is_not_tried_twice(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity, world: World
) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    await channel.send_message(message(wang))
    for _ in range(3):
        assert await refused(channel, message(wang)) == ("no_credit", "")
    assert sent(world) == 2, "what WeChat refused for want of a tap is known from then on"


@pytest.mark.case("FM-28")
async def test_taps_that_the_client_tells_are_counted(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity, world: World
) -> None:
    for _ in range(2):
        assert wechat.allow_message(APP, "wang", TEMPLATE)[TEMPLATE] == "accept"
        await channel.credits.allow(wang.subject, TEMPLATE)
    await channel.send_message(message(wang))
    await channel.send_message(message(wang))
    assert await refused(channel, message(wang)) == ("no_credit", "")
    assert sent(world) == 2
    wechat.allow_message(APP, "wang", TEMPLATE)
    await channel.credits.allow(wang.subject, TEMPLATE)
    await channel.send_message(message(wang))
    assert len(wechat.inbox("wang")) == 3


@pytest.mark.case("FM-28")
async def test_so_is_a_resident_who_wants_no_messages(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity
) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    wechat.messages.switched_off.add("wang")
    assert wechat.allow_message(APP, "wang", TEMPLATE)["errCode"] == "20004"
    assert await refused(channel, message(wang)) == ("no_credit", "")


UNFIT = {
    "thing": ["", " ", "字" * 21, "line\nbreak", "停车🚗"],
    "number": ["12a", "1" * 33, "1.", "", "十"],
    "letter": ["a1", "a" * 33, "字"],
    "symbol": ["a", "!" * 6],
    "character_string": ["字", "a" * 33],
    "time": ["2026-11-25T15:01:00", "25:00", "明天"],
    "date": ["2026-11-25T15:01:00", "2019年13月1日", "2019/10/01"],
    "amount": ["12.345元", "12345678901", "1元2", "$$1"],
    "phone_number": ["1" * 18, "无"],
    "car_number": ["粤BD123456", "粤B-1234", "B粤1234"],
    "name": ["字" * 11, "a" * 21],
    "phrase": ["字" * 6, "ab"],
}
FIT = {
    "thing": ["字" * 20, "B1, 人民路 3 号", "25 ℃"],
    "number": ["1" * 32, "12.5", "0"],
    "letter": ["aZ"],
    "symbol": ["!?", "￥"],
    "character_string": ["No.2026-11/A_1", "a" * 32],
    "time": ["15:01", "9:05", "2019年10月1日 15:01"],
    "date": ["2019年10月1日", "2019年10月1日 15:01"],
    "amount": ["¥12.5元", "12", "1234567890.00", "￥3元"],
    "phone_number": ["+86-0766-66888866", "13900000001"],
    "car_number": ["粤BD12345", "粤B1234学", "A12345"],
    "name": ["字" * 10, "Ann O'Hara", "阿凡提·买买提"],
    "phrase": ["已付款"],
}


def our_refusal(values: dict[str, str]) -> MessageRefusedError | None:
    try:
        keywords.check(values)
    except MessageRefusedError as error:
        return error
    return None


@pytest.mark.case("FM-29")
@pytest.mark.parametrize("kind", UNFIT)
async def test_values_are_held_to_the_templates_limits(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity, kind: str
) -> None:
    """Our check and the simulator's, which share nothing, agree."""
    keyword = f"{kind}1"
    wechat.configure(simulated_app(templates={TEMPLATE: Template("一", {keyword: "值"})}))
    for value in FIT[kind]:
        wechat.allow_message(APP, "wang", TEMPLATE)
        assert our_refusal({keyword: value}) is None, value
        await channel.client.send_message(message(wang, values={keyword: value}))
    assert [each.lines[0][1] for each in wechat.inbox("wang")] == FIT[kind]
    for value in UNFIT[kind]:
        ours = our_refusal({keyword: value})
        with pytest.raises(MessageRefusedError) as raised:
            await channel.client.send_message(message(wang, values={keyword: value}))  # without our check
        assert ours is not None, value
        assert (ours.reason, ours.field) == (raised.value.reason, raised.value.field) == ("value", keyword), value


@pytest.mark.case("FM-29")
def test_a_refusal_does_not_show_the_value() -> None:
    refusal_of = our_refusal({"name1": "a name of a resident that is too long"})
    assert refusal_of is not None
    assert "resident" not in refusal_of.message + refusal_of.fix


@pytest.mark.case("FM-29")
@pytest.mark.parametrize("keyword", ["thing", "thing1.DATA", "1", "Thing1", ""])
async def test_keywords_are_written_without_a_suffix_but_with_a_number(
    channel: WeChatChannel, wang: HostIdentity, world: World, keyword: str
) -> None:
    assert await refused(channel, message(wang, values={keyword: "x"})) == ("value", keyword)
    assert sent(world) == 0


@pytest.mark.case("FM-29")
async def test_what_only_wechat_knows_is_named_by_its_refusal(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity
) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    missing = {keyword: value for keyword, value in VALUES.items() if keyword != "car_number4"}
    assert await refused(channel, message(wang, values=missing)) == ("value", "car_number4")
    assert await refused(channel, message(wang, values=VALUES | {"thing9": "多"})) == ("value", "thing9")
    assert await refused(channel, message(wang, values={})) == ("value", "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"to": "nobody"}, "receiver"), ({"template": "unknown"}, "template"), ({"page": "pages/new/new"}, "page")],
)
async def test_other_refusals_say_what_to_mend(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity, changes: dict[str, str], reason: str
) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    assert (await refused(channel, message(wang, **changes)))[0] == reason


async def test_a_busy_wechat_spends_no_tap(
    channel: WeChatChannel, wechat: SimulatedWeChat, wang: HostIdentity, world: World
) -> None:
    wechat.allow_message(APP, "wang", TEMPLATE)
    await channel.credits.allow(wang.subject, TEMPLATE)
    world.plan_fault("wechat.send", "unavailable")
    with pytest.raises(HostUnavailableError, match=re.escape("refuses the message with -1")):
        await channel.send_message(message(wang))
    await channel.send_message(message(wang))
    assert len(wechat.inbox("wang")) == 1
