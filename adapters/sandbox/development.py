"""The development apps of every sandbox, and the file by which a deployment knows them (``adapters.apps``).

Their keys are no secrets, and are for nothing but sandboxes: one RSA key, development.pem, is everybody's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters import rsa
from adapters.sandbox.alipay.console import SimulatedApp as AlipayMiniProgram
from adapters.sandbox.alipay.simulator import SimulatedAlipay
from adapters.sandbox.baidu.behaviour import PaymentService, RegisteredApp, RegisteredWebsite
from adapters.sandbox.baidu.host import CashierKeys, SimulatedBaidu
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.notice_http import NoticeHttp
from adapters.sandbox.web import SimulatedWeb
from adapters.sandbox.wechat.apps import SimulatedApp as WeChatMiniProgram
from adapters.sandbox.wechat.apps import SimulatedWebsite, Template
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.wechat_pay.host import SimulatedWeChatPay
from adapters.sandbox.wechat_pay.keys import API_V3_KEY, MCHID, PUBLIC_KEY_ID, SERIAL
from adapters.sandbox.wechat_pay.vehicles import SUB_MCHID
from adapters.sandbox.world import World
from adapters.signed_json import SigningKey
from adapters.templates import MessageName, Value
from adapters.templates import Template as MessageTemplate

APPS: Mapping[str, str] = {
    "web": "web",
    "wechat": "wx00000000sandbox1",
    "alipay": "2021000000000001",
    "baidu": "sandboxAppKey0000000001",
}
"""The app of each host by its id; the web's first, so that the sandbox's page begins with it."""

WEBSITES: Mapping[str, str] = {"wechat": "wx00000000sandbox2", "baidu": "sandboxAppKey0000000002"}
"""The apps that sign residents in in browsers, where those are others than the mini-programs."""

SMS_KEY = SigningKey("sandbox-sms", b"sandbox-sms-secret")
IDENTITY_KEY = SigningKey("sandbox-identity", b"sandbox-identity-secret")
VEHICLES_KEY = SigningKey("sandbox-vehicles", b"sandbox-vehicles-secret")

_NAME = "一网 Yiwang"
_OWNER = "the city"
_DOMAINS = frozenset({"127.0.0.1", "localhost"})  # that browsers are sent back to
_PAGES = frozenset({"pages/index/index"})
_SECRET = "0sandbox" * 4
_Lines = Mapping[str, tuple[str, Value]]
_PARKING = {"vehicles": {"sub_mchid": SUB_MCHID}, "reminders": True}  # WeChat Pay's products
_APPOINTMENT: _Lines = {"thing1": ("提醒", "what"), "thing2": ("事项", "service"), "thing3": ("地点", "office")}
_LINES: Mapping[str, tuple[str, _Lines]] = {
    "parking": (
        "停车提醒",
        {
            "thing1": ("提醒", "what"),
            "thing2": ("停车场", "lot"),
            "car_number3": ("车牌", "plate"),
            "amount4": ("金额", "amount"),
        },
    ),
    "appointment": ("预约提醒", {**_APPOINTMENT, "time4": ("时间", "starts")}),
    "appointment_called": (
        "叫号提醒",
        {**_APPOINTMENT, "character_string4": ("号码", "number"), "thing5": ("窗口", "counter")},
    ),
    "pickup": (
        "领取提醒",
        {
            "thing1": ("提醒", "what"),
            "thing2": ("说明", "what_en"),
            "thing3": ("地点", "office"),
            "phone_number4": ("电话", "phone"),
            "time5": ("截止时间", "until"),
        },
    ),
}
"""Titles and keywords of templates, by a message or the first word of its name: what each is called, and of ours."""
_CONTENT_KEY = "c2FuZGJveC1jb250ZW50IQ=="
_KEY_FILE = Path(__file__).parent / "development.pem"
_PEM = _KEY_FILE.read_text()
_NOTICE_SECONDS = 2.0  # Baidu's deadline; Alipay states none
_CALLBACK_SECONDS = 5.0  # WeChat Pay's


def development_hosts(world: World) -> list[SimulatedHost]:
    """Return every simulated host app with the development app in it."""
    key = rsa.private_key(_PEM.encode(), "the development key")
    http = NoticeHttp(_NOTICE_SECONDS)
    alipay = SimulatedAlipay(world, http, keys=lambda: key)
    alipay.console.register(
        AlipayMiniProgram(app_id=APPS["alipay"], name=_NAME, content_key=_CONTENT_KEY, pages=_PAGES, domains=_DOMAINS)
    )
    app: dict[str, Any] = {"secret": _SECRET, "name": _NAME, "owner": _OWNER}
    baidu = SimulatedBaidu(world, http, [RegisteredApp(app_key=APPS["baidu"], **app)], keys=CashierKeys(key, key))
    baidu.websites.configure(RegisteredWebsite(app_key=WEBSITES["baidu"], domains=_DOMAINS, **app))
    return [_wechat(world, key, app), alipay, baidu, SimulatedWeb(world, SMS_KEY, apps={APPS["web"]: _NAME})]


def _wechat(world: World, key: RSAPrivateKey, app: Mapping[str, Any]) -> SimulatedWeChat:
    merchant = SimulatedWeChatPay(
        world, NoticeHttp(_CALLBACK_SECONDS), {APPS["wechat"]}, keys=lambda: key, loopback_callbacks=True
    )
    templates = {
        _template_id(name): Template(title, {keyword: what for keyword, (what, _) in lines.items()})
        for name, (title, lines) in _templates().items()
    }
    program = WeChatMiniProgram(app_id=APPS["wechat"], pages=_PAGES, templates=templates, **app)
    wechat = SimulatedWeChat(world, [program], cashier=merchant)
    wechat.websites.configure(SimulatedWebsite(app_id=WEBSITES["wechat"], domains=_DOMAINS, **app))
    return wechat


def _templates() -> Mapping[MessageName, tuple[str, _Lines]]:
    return {name: _LINES.get(name) or _LINES[name.partition("_")[0]] for name in get_args(MessageName)}


def _template_id(name: MessageName) -> str:
    return f"sandbox-{name}"


def _messages(page: str = "") -> Mapping[MessageName, MessageTemplate]:
    """Return which template of an app tells what."""
    return {
        name: MessageTemplate(
            id=_template_id(name), values={keyword: value for keyword, (_, value) in lines.items()}, page=page
        )
        for name, (_, lines) in _templates().items()
    }


def development_apps(origin: str) -> bytes:
    """Return the file of host apps of a deployment whose hosts are a sandbox at ``origin``."""
    websites = _websites(origin)
    entries = [{**each, **websites.get(str(each["provider"]), {})} for each in _entries(origin)]
    return msgspec.json.format(msgspec.json.encode({"apps": entries}))


def directions(origin: str) -> str:
    """Say what a developer's own code needs to be pointed at the sandbox at ``origin``."""
    said = (
        ("SMS", f"{origin}/web/sms", f"key id {SMS_KEY.id}, secret {SMS_KEY.secret.decode()}"),
        ("identity", f"{origin}/identity", f"key id {IDENTITY_KEY.id}, secret {IDENTITY_KEY.secret.decode()}"),
        ("vehicles", f"{origin}/vehicles", f"key id {VEHICLES_KEY.id}, secret {VEHICLES_KEY.secret.decode()}"),
        ("WeChat", f"{origin}/wechat", f"app {APPS['wechat']}, secret {_SECRET}"),
        ("", "", f"in browsers: app {WEBSITES['wechat']}, the same secret"),
        ("WeChat Pay", f"{origin}/wechat_pay", f"merchant {MCHID}, certificate serial {SERIAL}"),
        ("", "", f"APIv3 key {API_V3_KEY}, public key id {PUBLIC_KEY_ID}"),
        ("Alipay", f"{origin}/alipay/gateway.do", f"app {APPS['alipay']}"),
        ("Baidu", f"{origin}/baidu", f"app key {APPS['baidu']}, secret {_SECRET}"),
        ("", "", f"in browsers: app key {WEBSITES['baidu']}, the same secret"),
    )
    width = max(len(address) for _, address, _ in said)
    lines = [f"  {name:<10}  {address:<{width}}  {what}" for name, address, what in said]
    return "\n".join([*lines, f"  Every RSA key, of apps, merchants and hosts, is {_KEY_FILE}."])


def _entries(origin: str) -> Sequence[Mapping[str, object]]:
    key = rsa.private_key(_PEM.encode(), "the development key")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    back = {"redirect_uris": [f"{origin}/web/signed-in"], "framed_by": [origin]}
    alipay = {
        "app_id": APPS["alipay"],
        "key": _PEM,
        "seller_id": AlipayMiniProgram(app_id="", name="").seller_id,
        "content_key": _CONTENT_KEY,
    }
    baidu = {"app_key": APPS["baidu"], "secret": _SECRET, "session_origin": f"{origin}/baidu"}
    service = PaymentService()
    cashier = {"app_key": service.app_key, "deal_id": service.deal_id, "key": _PEM, "platform_key": public}
    return [
        {
            "provider": "web",
            "app": {"app_id": APPS["web"], "base_url": f"{origin}/web"},
            "messages": msgspec.to_builtins(_messages()),
            **back,
        },
        {
            "provider": "wechat",
            "owner": _OWNER,
            "url": f"{origin}/wechat",
            "app": {"app_id": APPS["wechat"], "secret": _SECRET},
            "pay": _merchant(origin, public),
            **_PARKING,
            "messages": msgspec.to_builtins(_messages(next(iter(_PAGES)))),
        },
        {
            "provider": "alipay",
            "owner": _OWNER,
            "url": f"{origin}/alipay",
            "app": alipay,
            "parking": True,
            "public_key": public,
        },
        {"provider": "baidu", "owner": _OWNER, "url": f"{origin}/baidu", "app": baidu, "cashier": cashier},
    ]


def _merchant(origin: str, public: str) -> Mapping[str, object]:
    return {
        "merchant": {"mchid": MCHID, "serial": SERIAL, "key": _PEM},
        "api_v3_key": API_V3_KEY,
        "public_keys": {PUBLIC_KEY_ID: public},
        "url": f"{origin}/wechat_pay",
    }


def _websites(origin: str) -> Mapping[str, Mapping[str, object]]:
    """Return by provider what an entry says of signing in in browsers."""
    wechat = {"app_id": WEBSITES["wechat"], "secret": _SECRET, "page": f"{origin}/wechat/connect/qrconnect"}
    baidu = {"app_key": WEBSITES["baidu"], "secret": _SECRET, "page": f"{origin}/baidu/oauth/2.0/authorize"}
    alipay = {"page": f"{origin}/alipay/oauth2/publicAppAuthorize.htm"}
    return {"wechat": {"web": wechat}, "alipay": {"web": alipay}, "baidu": {"web": baidu}}
