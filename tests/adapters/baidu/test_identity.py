from base64 import b64encode
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from adapters import envelope
from adapters.baidu.app import BaiduApp
from adapters.baidu.channel import BaiduChannel
from adapters.baidu.client import fetch_app_token
from adapters.baidu.phones import opened
from adapters.channel import HostIdentity
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    HostUnavailableError,
    OutcomeUnknownError,
    SessionStaleError,
    SignatureRefusedError,
)
from adapters.sandbox.world import World
from tests.adapters.baidu.conftest import APP, OTHER_APP, SECRET, Sandbox


@pytest.mark.case("FM-26")
@pytest.mark.parametrize("call", ["jscode2sessionkey", "getsessionkey"])
async def test_both_session_calls_know_the_same_user(sandbox: Sandbox, call: Any) -> None:
    channel = sandbox.channel(msgspec.structs.replace(sandbox.app, session_call=call))
    identity = await sandbox.sign_in(channel)
    assert (identity.provider, identity.app_id) == ("baidu", APP)
    assert identity.subject == sandbox.baidu.accounts.openid(APP, "wang")
    assert identity.session_key
    assert identity.session_key not in repr(identity)


@pytest.mark.case("FM-26")
async def test_codes_of_other_host_apps_are_refused_before_anyone_is_asked(sandbox: Sandbox, world: World) -> None:
    with pytest.raises(CodeRefusedError, match="another app that runs"):
        await sandbox.channel().sign_in("abc@iqiyi")
    assert not world.events


@pytest.mark.case("FM-26")
async def test_json_is_refused_where_a_form_is_due(sandbox: Sandbox) -> None:
    token = await sandbox.tokens.get()
    target = f"/rest/2.0/smartapp/getunionid?access_token={token}"
    reply = await sandbox.http.send("POST", target, b'{"openid":"x"}', {"content-type": "application/json"})
    said = msgspec.json.decode(reply.body)
    assert (said["error_code"], said["error_msg"]) == (100, "Invalid parameter")


@pytest.mark.parametrize("call", ["jscode2sessionkey", "getsessionkey"])
async def test_a_code_is_good_once_for_ten_minutes_and_for_its_own_app(sandbox: Sandbox, call: Any) -> None:
    channel = sandbox.channel(msgspec.structs.replace(sandbox.app, session_call=call))
    used = sandbox.baidu.login(APP, "wang")
    await channel.sign_in(used)
    old = sandbox.baidu.login(APP, "wang")
    sandbox.clock.advance(timedelta(minutes=10))
    for code in (used, old, sandbox.baidu.login(OTHER_APP, "wang"), "never given", ""):
        with pytest.raises(CodeRefusedError):
            await channel.sign_in(code)


@pytest.mark.case("FM-24")
async def test_a_union_id_may_come_later_and_changes_nothing_else(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.baidu.accounts.bind(APP, "")
    before = await sandbox.sign_in(sandbox.channel())
    assert not caplog.records  # nothing has failed
    sandbox.baidu.accounts.bind(APP, "the city")
    after = await sandbox.sign_in(sandbox.channel())
    assert before.union_subject == ""
    assert after.union_subject
    assert before.subject == after.subject != after.union_subject


@pytest.mark.case("FM-24")
@pytest.mark.parametrize("fault", ["unavailable", "slow", "error_after_work"])
async def test_a_sign_in_is_not_lost_because_the_union_id_cannot_be_asked_for(
    sandbox: Sandbox, world: World, fault: Any
) -> None:
    world.plan_fault("baidu.union_id", fault)
    identity = await sandbox.sign_in(sandbox.channel())
    assert identity.subject
    assert identity.union_subject == ""


async def test_the_union_id_need_not_be_asked_for(sandbox: Sandbox) -> None:
    channel = sandbox.channel(msgspec.structs.replace(sandbox.app, asks_union=False))
    assert (await sandbox.sign_in(channel)).union_subject == ""


async def test_the_phone_number_comes_from_the_newest_session_alone(sandbox: Sandbox, channel: BaiduChannel) -> None:
    first = await sandbox.sign_in(channel)
    assert await channel.phone_number(sandbox.baidu.phone_proof(APP, "wang"), first) == "+8613900000001"
    await sandbox.sign_in(channel)
    with pytest.raises(SessionStaleError):
        await channel.phone_number(sandbox.baidu.phone_proof(APP, "wang"), first)


def closed(content: object, app_key: str = APP) -> tuple[dict[str, str], str]:
    key, iv = bytes(range(24)), bytes(16)
    data = envelope.seal(key, iv, msgspec.json.encode(content), app_key, bytes(16))
    return {"encryptedData": b64encode(data).decode(), "iv": b64encode(iv).decode()}, b64encode(key).decode()


def test_another_apps_data_is_refused() -> None:
    proof, key = closed({"mobile": "13900000001"}, OTHER_APP)
    with pytest.raises(SessionStaleError):
        opened(proof, key, BaiduApp(app_key=APP, secret=SECRET))


def test_the_field_of_the_number_can_be_set() -> None:
    proof, key = closed({"phone": "+8613900000001"})
    assert opened(proof, key, BaiduApp(app_key=APP, secret=SECRET, phone_field="phone")) == "+8613900000001"


@pytest.mark.parametrize("content", [{}, {"mobile": None}, {"mobile": "139000000011"}, {"mobile": "１3900000001"}])
def test_data_without_a_number_is_refused(content: dict[str, Any]) -> None:
    proof, key = closed(content)
    with pytest.raises(SignatureRefusedError, match="no phone number"):
        opened(proof, key, BaiduApp(app_key=APP, secret=SECRET))


async def test_an_incomplete_proof_is_refused(channel: BaiduChannel) -> None:
    with pytest.raises(CodeRefusedError, match="encryptedData"):
        await channel.phone_number({"code": "x"}, HostIdentity("baidu", APP, "x", "", "key"))
    with pytest.raises(SessionStaleError):
        await channel.phone_number({"encryptedData": "x", "iv": "y"}, HostIdentity("baidu", APP, "x"))


async def test_a_token_that_is_refused_is_replaced_and_the_call_made_again(sandbox: Sandbox) -> None:
    channel = sandbox.channel()
    first = await sandbox.tokens.get()
    sandbox.baidu.accounts.revoke_tokens()
    assert (await sandbox.sign_in(channel)).union_subject
    assert sandbox.tokens.failed_ones == [first]
    sandbox.clock.advance(timedelta(days=30))
    assert (await sandbox.sign_in(channel)).union_subject


async def test_a_token_that_stays_the_same_is_not_sent_again(sandbox: Sandbox, world: World) -> None:
    async def bad() -> str:
        return "bad"

    channel = BaiduChannel(
        sandbox.http, sandbox.app, bad, sandbox.tokens.failed, clock=sandbox.clock, cashier=sandbox.cashier
    )
    with pytest.raises(HostUnavailableError, match="just given"):
        await channel.query("Y1")
    assert sandbox.tokens.failed_ones == ["bad"]
    assert [each.result for each in world.events] == ["110"]


async def test_tokens_are_not_replaced_for_ever(sandbox: Sandbox, world: World) -> None:
    made = iter(["bad", "worse", "worst"])

    async def bad() -> str:
        return next(made)

    channel = BaiduChannel(
        sandbox.http, sandbox.app, bad, sandbox.tokens.failed, clock=sandbox.clock, cashier=sandbox.cashier
    )
    with pytest.raises(HostUnavailableError, match="just given"):
        await channel.query("Y1")
    assert len(world.events) == 2


async def test_a_wrong_secret_is_the_operators_to_mend_and_is_not_said(sandbox: Sandbox) -> None:
    app = msgspec.structs.replace(sandbox.app, secret="hush")
    for call in (fetch_app_token(sandbox.http, app), sandbox.sign_in(sandbox.channel(app))):
        with pytest.raises(HostConfigurationError, match="invalid_client") as raised:
            await call
        assert "hush" not in f"{raised.value.message} {raised.value.fix} {app!r}"


async def test_both_spellings_of_the_grant_are_sent_as_configured(sandbox: Sandbox) -> None:
    app = msgspec.structs.replace(sandbox.app, grant_type="client_credential")
    token, seconds = await fetch_app_token(sandbox.http, app)
    assert token
    assert seconds == 30 * 86400


async def test_a_proxys_page_is_no_answer(sandbox: Sandbox, world: World) -> None:
    world.plan_fault("baidu.session", "unavailable")
    with pytest.raises(OutcomeUnknownError, match="503"):
        await sandbox.sign_in(sandbox.channel())
