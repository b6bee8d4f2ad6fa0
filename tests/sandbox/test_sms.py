"""The SMS client against the simulated gateway: what is delivered, refused, lost and repeated."""

import asyncio

import msgspec
import pytest

from adapters.errors import (
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from adapters.sandbox.development import SMS_KEY
from adapters.signed_json import SigningKey, signature
from adapters.web.sms import Sms, SmsGateway
from kernel.clock import ManualClock
from tests.sandbox.conftest import City

WANG = "+8613900000001"
SMS = Sms(id="m1", to=WANG, template="sign_in", values={"code": "385 120", "minutes": "5"}, link="https://a.example/x")


def numbered(number: int, code: str = "1") -> Sms:
    return msgspec.structs.replace(SMS, id=f"m{number}", values={"code": code, "minutes": "5"})


async def codes(city: City) -> list[str]:
    return [dict(map(tuple, each["lines"]))["code"] for each in await city.inbox("wang")]


async def test_a_message_arrives_with_its_receiver_alone(city: City) -> None:
    number = await city.sms.send(SMS)
    assert number.startswith("sms-")
    lines = [["code", "385 120"], ["minutes", "5"]]
    page = "https://a.example/x"
    assert await city.inbox("wang") == [{"provider": "web", "title": "sign_in", "lines": lines, "page": page}]
    assert await city.inbox("li") == []


async def test_the_same_message_again_is_not_delivered_again(city: City) -> None:
    assert await city.sms.send(SMS) == await city.sms.send(SMS)
    assert len(await city.inbox("wang")) == 1
    with pytest.raises(HostConfigurationError, match="code 'id'"):
        await city.sms.send(msgspec.structs.replace(SMS, to="+8613900000002"))


async def test_an_error_after_the_work_is_mended_by_the_same_message(city: City) -> None:
    await city.fault("web.sms", "error_after_work")
    assert await city.sms.send(SMS)
    assert len(await city.inbox("wang")) == 1


async def test_twice_in_vain_leaves_the_outcome_unknown(city: City) -> None:
    await city.fault("web.sms", "error_after_work", 2)
    with pytest.raises(OutcomeUnknownError):
        await city.sms.send(SMS)
    await city.fault("web.sms", "error_after_work")
    await city.fault("web.sms", "unavailable")
    with pytest.raises(OutcomeUnknownError):  # the second says nothing about the first
        await city.sms.send(numbered(2))
    assert len(await city.inbox("wang")) == 2


@pytest.mark.parametrize("fault", ["bad_signature", "slow"])
async def test_answers_that_cannot_be_believed_are_asked_for_again(city: City, fault: str) -> None:
    await city.fault("web.sms", fault)
    assert await city.sms.send(SMS)
    assert len(await city.inbox("wang")) == 1


async def test_out_of_order_means_after_the_next(city: City) -> None:
    await city.fault("web.sms", "out_of_order")
    await city.sms.send(numbered(1, "first"))
    assert await codes(city) == []
    await city.sms.send(numbered(2, "second"))
    assert await codes(city) == ["second", "first"]


async def test_late_twice_and_never(city: City) -> None:
    for number, fault in enumerate(["late", "twice", "never"]):
        await city.fault("web.sms", fault)
        await city.sms.send(numbered(number, fault))
    assert await codes(city) == ["twice", "twice"]
    async with asyncio.timeout(5):
        while "late" not in await codes(city):
            await asyncio.sleep(0.01)
    assert await codes(city) == ["twice", "twice", "late"]


async def test_unavailable_has_surely_done_nothing(city: City) -> None:
    await city.fault("web.sms", "unavailable")
    with pytest.raises(HostUnavailableError):
        await city.sms.send(SMS)
    assert await city.inbox("wang") == []


@pytest.mark.parametrize(
    ("wrong", "reason", "field"),
    [
        ({"to": "13900000001"}, "receiver", "to"),
        ({"template": "lottery"}, "template", "template"),
        ({"values": {"code": "1"}}, "value", "minutes"),
        ({"values": {"code": "1", "minutes": "5", "hours": "1"}}, "value", "hours"),
        ({"values": {"code": "一" * 36, "minutes": "5"}}, "value", "code"),
        ({"values": {"code": "", "minutes": "5"}}, "value", "code"),
    ],
)
async def test_a_refusal_names_what_to_mend(city: City, wrong: dict[str, object], reason: str, field: str) -> None:
    with pytest.raises(MessageRefusedError) as raised:
        await city.sms.send(msgspec.structs.replace(SMS, **wrong))
    assert (raised.value.reason, raised.value.field) == (reason, field)


async def test_too_many_to_one_number_are_refused_until_a_minute_has_passed(city: City) -> None:
    for number in range(10):
        await city.sms.send(numbered(number))
    with pytest.raises(HostQuotaError):
        await city.sms.send(numbered(10))
    await city.ask("POST", "/clock", {"advance_seconds": 61})
    await city.sms.send(numbered(10))


async def test_a_number_that_nobody_has_is_an_event(city: City) -> None:
    await city.sms.send(msgspec.structs.replace(SMS, to="+8613700000000"))
    events = await city.ask("GET", "/events?host=web")
    assert "nobody here has the number +8613700000000" in [each["result"] for each in events]


@pytest.mark.parametrize("key", [SigningKey("sandbox-sms", b"another"), SigningKey("another", SMS_KEY.secret)])
async def test_another_key_is_a_configuration_to_mend(city: City, key: SigningKey) -> None:
    with pytest.raises(HostConfigurationError) as raised:
        await SmsGateway(city.signed(key, "/web/sms")).send(SMS)
    shown = f"{raised.value} {raised.value.fix} {key!r}"
    assert not any(secret in shown for secret in (SMS_KEY.secret.decode(), "b'another'"))


async def test_a_clock_that_is_minutes_off_is_refused(city: City) -> None:
    with pytest.raises(HostConfigurationError, match="refuses the signature"):
        await SmsGateway(city.signed(SMS_KEY, "/web/sms", ManualClock(city.clock.now().replace(hour=9)))).send(SMS)


async def test_a_request_that_is_sent_again_by_another_is_refused(city: City) -> None:
    body = msgspec.json.encode(msgspec.to_builtins(SMS))
    timestamp = str(int(city.clock.now().timestamp()))
    headers = {
        "x-key-id": SMS_KEY.id,
        "x-timestamp": timestamp,
        "x-nonce": "once",
        "x-signature": signature(SMS_KEY, "POST", "/web/sms/messages", timestamp, "once", body=body),
    }
    assert (await city.http.send("POST", "/web/sms/messages", body, headers)).status == 202
    replayed = await city.http.send("POST", "/web/sms/messages", body, headers)
    assert (replayed.status, b"used before" in replayed.body) == (401, True)
    altered = await city.http.send("POST", "/web/sms/messages?x=1", body, {**headers, "x-nonce": "twice"})
    assert altered.status == 401


async def test_a_body_that_is_no_message_is_named(city: City) -> None:
    reply = await city.signed(SMS_KEY, "/web/sms").call("POST", "/messages", {"id": 7})
    assert (reply.status, b"Expected `str`, got `int` - at `$.id`" in reply.body) == (400, True)
