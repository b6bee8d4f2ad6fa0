from datetime import timedelta

import msgspec
import pytest

from adapters.channel import Channel
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    SignatureRefusedError,
    UserBlockedError,
)
from adapters.sandbox.host import SimulatedHost
from tests.adapters.alipay.conftest import APP, CERT_APP, OLD_APP, Alipay


async def test_the_adapter_and_the_simulator_are_what_their_interfaces_ask_for(alipay: Alipay) -> None:
    channel: Channel = alipay.channel()
    host: SimulatedHost = alipay.host
    assert (channel.provider, channel.app_id, host.apps()[APP]) == ("alipay", APP, "一网")


@pytest.mark.case("FM-25")
async def test_a_sign_in_succeeds_although_its_reply_has_no_code(alipay: Alipay) -> None:
    identity = await alipay.identity("wang")
    assert identity.subject == alipay.host.people.open_id(APP, "wang")
    assert identity.session_key.startswith("authusrB")
    assert identity.session_key not in repr(identity)


@pytest.mark.case("FM-25")
async def test_a_code_is_good_once_in_one_app_and_for_minutes(alipay: Alipay) -> None:
    code = alipay.host.login(APP, "wang")
    await alipay.channel().sign_in(code)
    late = alipay.host.login(APP, "wang")
    alipay.clock.advance(timedelta(minutes=3))
    for refused in (code, late, "never given", alipay.host.login(OLD_APP, "wang")):
        with pytest.raises(CodeRefusedError, match=r"isv\.code-invalid") as raised:
            await alipay.channel().sign_in(refused)
        assert refused not in raised.value.message


@pytest.mark.case("FM-24")
async def test_each_app_gets_its_own_kinds_of_user_numbers(alipay: Alipay) -> None:
    people = alipay.host.people
    new, old, both = [await alipay.identity("li", app_id) for app_id in (APP, OLD_APP, CERT_APP)]
    assert (new.subject, new.union_subject) == (people.open_id(APP, "li"), "")
    assert (old.subject, old.union_subject) == (people.user_id("li"), people.user_id("li"))
    assert (both.subject, both.union_subject) == (people.open_id(CERT_APP, "li"), people.user_id("li"))


@pytest.mark.case("FM-24")
async def test_a_person_known_by_user_id_is_found_again_while_an_app_migrates(alipay: Alipay) -> None:
    before = await alipay.identity("li", OLD_APP)
    alipay.host.console.apps[OLD_APP].knows = "both"
    migrating = await alipay.identity("li", OLD_APP)
    alipay.host.console.apps[OLD_APP].knows = "open_id"
    after = await alipay.identity("li", OLD_APP)
    assert before.union_subject == migrating.union_subject
    assert migrating.subject == after.subject != before.subject
    assert after.union_subject == ""


@pytest.mark.case("FM-27")
async def test_a_user_whom_alipay_refuses_is_sent_to_another_door(alipay: Alipay) -> None:
    alipay.host.people.blocked.add("zhang")
    with pytest.raises(UserBlockedError) as raised:
        await alipay.identity("zhang")
    assert "counter" in raised.value.fix
    with pytest.raises(HostConfigurationError):  # which sub-codes mean it is a setting, so another is not hidden
        await alipay.channel(blocked_sub_codes=frozenset()).sign_in(alipay.host.login(APP, "zhang"))


@pytest.mark.parametrize("app_id", [APP, OLD_APP, CERT_APP])
async def test_phone_numbers_come_encrypted_or_plain_and_always_signed(alipay: Alipay, app_id: str) -> None:
    identity = await alipay.identity("chen", app_id)
    proof = alipay.host.phone_proof(app_id, "chen")
    assert await alipay.channel(app_id).phone_number(proof, identity) == "+8613900000004"


async def test_a_phone_number_that_alipay_did_not_sign_is_refused(alipay: Alipay) -> None:
    identity = await alipay.identity("chen")
    sent = msgspec.json.decode(alipay.host.phone_proof(APP, "chen")["response"])
    plain = '{"code":"10000","mobile":"13900000001"}'
    forged = [sent | {"response": plain}, sent | {"sign": "AAAA"}, sent | {"response": sent["response"][:-4] + "AAA="}]
    proofs = [{"response": msgspec.json.encode(each).decode()} for each in forged]
    for proof in [*proofs, {}, {"response": "{"}, {"response": "[]"}]:
        with pytest.raises(SignatureRefusedError):
            await alipay.channel().phone_number(proof, identity)
    with pytest.raises(SignatureRefusedError, match="another app"):
        await alipay.channel(OLD_APP).phone_number(alipay.host.phone_proof(OLD_APP, "chen"), identity)


async def test_a_console_that_is_not_set_up_is_named_as_the_reason(alipay: Alipay) -> None:
    alipay.host.console.apps[APP].phone = "unsigned"
    with pytest.raises(SignatureRefusedError, match="no signature") as raised:
        await alipay.channel().phone_number(alipay.host.phone_proof(APP, "chen"), await alipay.identity("chen"))
    assert "isvAppId" in raised.value.fix


async def test_a_user_without_a_number_is_a_refusal_with_its_sub_code(alipay: Alipay) -> None:
    alipay.host.people.without_phone.add("chen")
    with pytest.raises(HostConfigurationError, match="no-phone"):
        await alipay.channel().phone_number(alipay.host.phone_proof(APP, "chen"), await alipay.identity("chen"))
