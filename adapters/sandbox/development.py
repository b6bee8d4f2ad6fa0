"""The development apps of every sandbox, and the file by which a deployment knows them (``adapters.apps``).

Their keys are no secrets, and are for nothing but sandboxes: one RSA key, development.pem, is everybody's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters import rsa
from adapters.sandbox.alipay.console import SimulatedApp as AlipayMiniProgram
from adapters.sandbox.alipay.simulator import SimulatedAlipay
from adapters.sandbox.baidu.behaviour import RegisteredApp
from adapters.sandbox.baidu.host import CashierKeys, SimulatedBaidu
from adapters.sandbox.host import SimulatedHost
from adapters.sandbox.notice_http import NoticeHttp
from adapters.sandbox.web import SimulatedWeb
from adapters.sandbox.wechat.apps import SimulatedApp as WeChatMiniProgram
from adapters.sandbox.wechat.host import SimulatedWeChat
from adapters.sandbox.world import World
from adapters.signed_json import SigningKey

APPS: Mapping[str, str] = {
    "web": "web",
    "wechat": "wx00000000sandbox1",
    "alipay": "2021000000000001",
    "baidu": "sandboxAppKey0000000001",
}
"""The app of each host by its id; the web's first, so that the sandbox's page begins with it."""

SMS_KEY = SigningKey("sandbox-sms", b"sandbox-sms-secret")
IDENTITY_KEY = SigningKey("sandbox-identity", b"sandbox-identity-secret")

_NAME = "一网 Yiwang"
_OWNER = "the city"
_PAGES = frozenset({"pages/index/index"})
_SECRET = "0sandbox" * 4
_CONTENT_KEY = "c2FuZGJveC1jb250ZW50IQ=="
_PEM = (Path(__file__).parent / "development.pem").read_text()
_NOTICE_SECONDS = 2.0  # Baidu's deadline; Alipay states none


def development_hosts(world: World) -> list[SimulatedHost]:
    """Return every simulated host app with the development app in it."""
    key = rsa.private_key(_PEM.encode(), "the development key")
    http = NoticeHttp(_NOTICE_SECONDS)
    wechat = WeChatMiniProgram(app_id=APPS["wechat"], name=_NAME, secret=_SECRET, owner=_OWNER, pages=_PAGES)
    alipay = SimulatedAlipay(world, http, keys=lambda: key)
    alipay.console.register(
        AlipayMiniProgram(app_id=APPS["alipay"], name=_NAME, content_key=_CONTENT_KEY, pages=_PAGES)
    )
    baidu = RegisteredApp(app_key=APPS["baidu"], secret=_SECRET, name=_NAME, owner=_OWNER)
    return [
        SimulatedWeb(world, SMS_KEY, apps={APPS["web"]: _NAME}),
        SimulatedWeChat(world, [wechat]),
        alipay,
        SimulatedBaidu(world, http, [baidu], keys=CashierKeys(key, key)),
    ]


def development_apps(origin: str) -> bytes:
    """Return the file of host apps of a deployment whose hosts are a sandbox at ``origin``."""
    return msgspec.json.format(msgspec.json.encode({"apps": _entries(origin)}))


def _entries(origin: str) -> Sequence[Mapping[str, object]]:
    key = rsa.private_key(_PEM.encode(), "the development key")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    sms = {"url": f"{origin}/web/sms", "key_id": SMS_KEY.id, "secret": SMS_KEY.secret.decode()}
    back = {"redirect_uris": [f"{origin}/web/signed-in"]}
    alipay = {
        "app_id": APPS["alipay"],
        "key": _PEM,
        "seller_id": AlipayMiniProgram(app_id="", name="").seller_id,
        "content_key": _CONTENT_KEY,
    }
    baidu = {"app_key": APPS["baidu"], "secret": _SECRET, "session_origin": f"{origin}/baidu"}
    return [
        {"provider": "web", "app": {"app_id": APPS["web"], "base_url": f"{origin}/web"}, "sms": sms, **back},
        {
            "provider": "wechat",
            "owner": _OWNER,
            "url": f"{origin}/wechat",
            "app": {"app_id": APPS["wechat"], "secret": _SECRET},
        },
        {
            "provider": "alipay",
            "owner": _OWNER,
            "url": f"{origin}/alipay",
            "app": alipay,
            "public_key": public,
        },
        {"provider": "baidu", "owner": _OWNER, "url": f"{origin}/baidu", "app": baidu},
    ]
