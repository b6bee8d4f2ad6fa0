"""The file of host apps: what it may say, what of it never shows, and channels that reach what it names."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from adapters.apps import HostApps, open_channels, parse_apps, read_apps
from adapters.channel import Message
from adapters.errors import HostConfigurationError, HostKeyError
from adapters.sandbox.development import APPS, SMS_KEY, WEBSITES, development_apps
from adapters.sandbox.hosts import build_sandbox
from adapters.signed_json import open_signed
from adapters.web.sms import SmsGateway
from kernel.clock import SystemClock
from tests.adapters.simulators import serve

SECRET = "5ec4e7" * 5
(_ENTRY,) = (
    each
    for each in msgspec.json.decode(development_apps("http://127.0.0.1:9200"))["apps"]
    if each["provider"] == "wechat"
)
MERCHANT: dict[str, Any] = _ENTRY["pay"]["merchant"]
(PUBLIC_KEY,) = _ENTRY["pay"]["public_keys"].values()


def wechat(**changed: Any) -> dict[str, Any]:
    return {"provider": "wechat", "app": {"app_id": "wx0123456789abcdef", "secret": SECRET}} | changed


def parsed(*entries: dict[str, Any]) -> HostApps:
    return parse_apps(msgspec.json.encode({"apps": entries}))


def test_without_a_file_there_are_no_apps() -> None:
    assert read_apps("").apps == ()


def test_a_file_that_cannot_be_read_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(HostConfigurationError, match="cannot be read"):
        read_apps(str(tmp_path / "none.json"))


def test_no_secret_shows(tmp_path: Path) -> None:
    file = tmp_path / "apps.json"
    file.write_bytes(development_apps("http://127.0.0.1:9200"))
    apps = read_apps(str(file))
    assert {each.app_id for each in apps.apps} == set(APPS.values())
    for id_ in (APPS["wechat"], *WEBSITES.values()):
        assert apps.owners[id_] == "the city"
    for secret in ("0sandbox0sandbox", "PRIVATE", "c2FuZGJveC"):
        assert secret not in repr(apps)


@pytest.mark.parametrize(
    "entry",
    [
        wechat(provider="qq"),
        wechat(secrets="x"),
        wechat(app={"app_id": "wx1"}),
        wechat(app={"app_id": "wx1", "secret": SECRET, "sekret": SECRET}),
        wechat(pay={"merchant": MERCHANT, "api_v3_key": SECRET + "12", "publik_keys": {}}),
        wechat(pay={"merchant": MERCHANT | {"serail": "A"}, "api_v3_key": SECRET + "12"}),
        wechat(pay={"merchant": MERCHANT | {"mchid": "A"}, "api_v3_key": SECRET + "12"}),
        wechat(pay={"merchant": MERCHANT | {"serial": "0a"}, "api_v3_key": SECRET + "12"}),
        wechat(pay={"merchant": MERCHANT, "api_v3_key": SECRET}),
        wechat(pay={"merchant": MERCHANT, "api_v3_key": SECRET + "12", "public_keys": {"0A": PUBLIC_KEY}}),
        wechat(pay={"merchant": MERCHANT, "api_v3_key": SECRET + "12", "refund_notify_url": "http://a.example"}),
        wechat(web={"app_id": "wx1", "secret": SECRET, "sekret": SECRET}),
        wechat(web={"app_id": "wx1", "secret": SECRET, "page": f"https://a.example/?{SECRET}"}),
        wechat(web={"secret": SECRET}),
        {"provider": "alipay", "app": {"app_id": "1", "key": 7}},
    ],
)
def test_what_a_file_may_not_say_is_refused_without_its_secrets(entry: dict[str, Any]) -> None:
    with pytest.raises(HostConfigurationError) as raised:
        parsed(entry)
    assert SECRET not in f"{raised.value} {raised.value.fix}"


def test_an_app_is_named_once_and_keys_are_keys() -> None:
    with pytest.raises(HostConfigurationError, match="named twice: wx0123456789abcdef"):
        parsed(wechat(), wechat())
    with pytest.raises(HostConfigurationError, match="named twice: wx0123456789abcdef"):
        parsed(wechat(web={"app_id": "wx0123456789abcdef", "secret": SECRET}))
    for entry in (
        {"provider": "alipay", "app": {"app_id": "1", "key": SECRET}},
        wechat(pay={"merchant": MERCHANT, "api_v3_key": SECRET + "12", "certificates": [PUBLIC_KEY]}),
    ):
        with pytest.raises(HostKeyError):
            parsed(entry)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"apps": 1}', b'{"app": []}', b"\xff"])
def test_what_is_no_such_file_is_refused(text: bytes) -> None:
    with pytest.raises(HostConfigurationError):
        parse_apps(text)


async def test_an_alipay_app_says_whose_signature_counts(redis: Redis) -> None:
    raw = msgspec.json.decode(development_apps("http://127.0.0.1:9200"))
    (entry,) = [each for each in raw["apps"] if each["provider"] == "alipay"]
    with pytest.raises(HostConfigurationError, match="which key is Alipay's"):
        async with open_channels(parsed(entry | {"public_key": ""}), redis, SystemClock()):
            pass


async def test_every_development_app_signs_residents_in(redis: Redis) -> None:
    sandbox = build_sandbox(SystemClock(), seed=7)
    async with serve(sandbox.hosts) as origin:
        apps = parse_apps(development_apps(origin))
        async with open_channels(apps, redis, SystemClock()) as channels:
            for host in sandbox.hosts:
                if host.provider == "web":
                    continue
                app_id = APPS[host.provider]
                identity = await channels[app_id].sign_in(host.login(app_id, "wang"))
                assert (identity.provider, identity.app_id) == (host.provider, app_id)
                number = await channels[app_id].phone_number(host.phone_proof(app_id, "wang"), identity)
                assert number == "+8613900000001"


async def test_the_web_app_s_messages_go_out_by_the_city_s_gateway(redis: Redis) -> None:
    sandbox, clock = build_sandbox(SystemClock(), seed=0), SystemClock()
    message = Message(to="+8613900000001", template="reminder", values={"time": "8:00"})
    async with (
        serve(sandbox.hosts) as origin,
        open_signed(f"{origin}/web/sms", SMS_KEY, clock, "the SMS gateway") as service,
        open_channels(parse_apps(development_apps(origin)), redis, clock, SmsGateway(service)) as channels,
    ):
        await channels[APPS["web"]].send_message(message)
    web = next(host for host in sandbox.hosts if host.provider == "web")
    assert [each.title for each in web.inbox("wang")] == ["reminder"]


def test_a_web_app_names_no_gateway_of_its_own() -> None:
    app = {"app_id": "web", "base_url": "https://city.example"}
    with pytest.raises(HostConfigurationError, match="unknown field `sms`"):
        parsed({"provider": "web", "app": app, "sms": {"url": "https://sms.example", "key_id": "k", "secret": SECRET}})
