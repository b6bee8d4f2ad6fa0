from typing import Any

import pytest

from adapters.baidu.channel import BaiduChannel
from adapters.baidu.refusals import refusal
from adapters.baidu.wire import Answer
from adapters.channel import Message
from adapters.errors import HostConfigurationError, MessageRefusedError, OutcomeUnknownError
from adapters.sandbox.world import World
from tests.adapters.baidu.conftest import APP, Sandbox

TEMPLATE = "template-of-parking"
VALUES = {"keyword1": "人民路停车场", "keyword2": "12.50 元 & more + %"}


async def message(sandbox: Sandbox, credit: str, **more: Any) -> Message:
    identity = await sandbox.sign_in(sandbox.channel())
    settings: dict[str, Any] = {"to": identity.subject, "template": TEMPLATE, "values": VALUES, "credit": credit}
    return Message(**settings | more)


async def test_a_subscription_allows_one_message(sandbox: Sandbox, channel: BaiduChannel) -> None:
    credit = sandbox.baidu.allow_message(APP, "wang", TEMPLATE)["subscribe_id"]
    allowed = await message(sandbox, credit, page="pages/park/pay?id=1")
    await channel.send_message(allowed)
    inbox = sandbox.baidu.inbox("wang")
    assert [(each.title, dict(each.lines), each.page) for each in inbox] == [(TEMPLATE, VALUES, "pages/park/pay?id=1")]
    with pytest.raises(MessageRefusedError) as raised:
        await channel.send_message(allowed)
    assert raised.value.reason == "no_credit"


@pytest.mark.parametrize("prefix", ["", "subscribe:"])
async def test_a_subscription_may_be_named_as_one(sandbox: Sandbox, channel: BaiduChannel, prefix: str) -> None:
    credit = sandbox.baidu.allow_message(APP, "wang", TEMPLATE)["subscribe_id"]
    await channel.send_message(await message(sandbox, prefix + credit))
    assert len(sandbox.baidu.inbox("wang")) == 1


async def test_a_form_allows_one_message(sandbox: Sandbox, channel: BaiduChannel) -> None:
    credit = f"form:{sandbox.baidu.talk.send_form(APP, 'wang')['formId']}"
    allowed = await message(sandbox, credit)
    await channel.send_message(allowed)
    with pytest.raises(MessageRefusedError, match="4003"):
        await channel.send_message(allowed)
    assert len(sandbox.baidu.inbox("wang")) == 1


async def test_a_guests_form_is_refused_before_baidu_is_asked(
    sandbox: Sandbox, channel: BaiduChannel, world: World
) -> None:
    credit = sandbox.baidu.talk.send_form(APP, "wang", guest=True)["formId"]
    guest = await message(sandbox, f"form:{credit}")
    asked = len(world.events)
    with pytest.raises(MessageRefusedError, match="guest") as raised:
        await channel.send_message(guest)
    assert raised.value.reason == "no_credit"
    assert len(world.events) == asked


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"credit": ""}, "no_credit"),
        ({"credit": "form:none1"}, "no_credit"),
        ({"credit": "order:800020199"}, "no_credit"),
        ({"to": "nobody"}, "receiver"),
        ({"values": {}}, "value"),
        ({"values": {"keyword1": ""}}, "value"),
    ],
)
async def test_what_cannot_be_delivered_says_why(
    sandbox: Sandbox, channel: BaiduChannel, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(MessageRefusedError) as raised:
        await channel.send_message(await message(sandbox, **{"credit": "x"} | more))
    assert raised.value.reason == reason


async def test_a_template_of_another_app_is_refused(sandbox: Sandbox, channel: BaiduChannel) -> None:
    sandbox.baidu.talk._templates = {"another": frozenset({"keyword1"})}
    with pytest.raises(MessageRefusedError) as raised:
        await channel.send_message(await message(sandbox, "x"))
    assert raised.value.reason == "template"


async def test_a_slow_answer_leaves_it_open_whether_the_message_was_sent(
    sandbox: Sandbox, channel: BaiduChannel, world: World
) -> None:
    world.plan_fault("baidu.subscription", "slow")
    credit = sandbox.baidu.allow_message(APP, "wang", TEMPLATE)["subscribe_id"]
    with pytest.raises(OutcomeUnknownError):
        await channel.send_message(await message(sandbox, credit))
    assert len(sandbox.baidu.inbox("wang")) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [(4002, OutcomeUnknownError), (6001, HostConfigurationError), (970, HostConfigurationError)],
)
def test_other_refusals_of_messages(code: int, error: type[Exception]) -> None:
    refused = refusal("message", Answer(errno=code, msg="hush"))
    assert isinstance(refused, error)
    assert "hush" not in refused.message
