"""Which host apps a deployment has: one JSON file, named by ``YIWANG_HOST_APPS_FILE``, and nothing else holds secrets.

``{"apps": [{"provider": "wechat", "app": {"app_id": "wx…", "secret": "…"}, "owner": "the city"}]}``:
``app`` is what the provider's own ``app.py`` describes, keys in it are PEM; ``web``, its website there, lets residents
sign in with the host in browsers too. Everything is checked at start-up.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import Certificate
from msgspec import Meta, Struct
from redis.asyncio import Redis

from adapters import rsa
from adapters.access_tokens import AccessTokens
from adapters.alipay.app import AlipayApp, AlipayWebsite
from adapters.alipay.channel import AlipayChannel
from adapters.alipay.client import PRODUCTION as ALIPAY
from adapters.alipay.client import AlipayClient
from adapters.alipay.trust import Trust
from adapters.baidu.app import BaiduApp, BaiduCashier, BaiduWebsite
from adapters.baidu.channel import BaiduChannel
from adapters.baidu.client import fetch_app_token
from adapters.channel import Channel
from adapters.errors import HostConfigurationError
from adapters.http import open_http
from adapters.later import Later
from adapters.templates import Templates
from adapters.web.channel import WebApp, WebChannel
from adapters.web.sms import SmsSender
from adapters.wechat.app import WeChatApp, WeChatWebsite
from adapters.wechat.channel import WeChatChannel
from adapters.wechat_pay.account import Account
from adapters.wechat_pay.channel import WeChatPayments
from adapters.wechat_pay.vehicles import VehicleProduct
from kernel.clock import Clock
from kernel.ids import random_id

_log = logging.getLogger(__name__)

_FIX = "Compare it with docs/operations.md."


class _Entry(Struct, frozen=True, kw_only=True, tag_field="provider", forbid_unknown_fields=True):
    """What all entries say. ``owner`` is whose the app is at its host: apps of one owner share a person's union id.

    ``messages``: by which of its templates residents are told what.
    """

    owner: str = ""
    messages: Templates = {}

    @property
    def website(self) -> str:
        """The id of the app that signs residents in in browsers, if that is another one than the entry's own."""
        return ""


class WeChatEntry(_Entry, frozen=True, tag="wechat"):
    """A mini-program at WeChat, its website app, and the merchant that it pays by WeChat Pay.

    ``vehicles`` and ``reminders`` are WeChat Pay's parking products, for a merchant that has them.
    """

    app: WeChatApp
    web: WeChatWebsite | None = None
    pay: Account | None = None
    vehicles: VehicleProduct | None = None
    reminders: bool = False
    url: str = "https://api.weixin.qq.com"

    @property
    def app_id(self) -> str:
        return self.app.app_id

    @property
    def website(self) -> str:
        return self.web.app_id if self.web else ""


class AlipayCertificates(Struct, frozen=True, forbid_unknown_fields=True):
    """The three files of the console, as PEM."""

    app: str
    alipay: str
    roots: str


class AlipayEntry(_Entry, frozen=True, tag="alipay"):
    """A mini-program at Alipay, which is believed by its ``public_key`` or by ``certificates``, one of the two.

    ``parking``: it may tell Alipay of stays and have their fees taken.
    """

    app: AlipayApp
    web: AlipayWebsite | None = None
    parking: bool = False
    public_key: str = ""
    certificates: AlipayCertificates | None = None
    url: str = ALIPAY

    @property
    def app_id(self) -> str:
        return self.app.app_id

    def trust(self, clock: Clock) -> Trust:
        """Raises HostKeyError, HostConfigurationError."""
        if self.certificates is not None:
            app, alipay, roots = (getattr(self.certificates, each).encode() for each in ("app", "alipay", "roots"))
            return Trust.by_certificates(app, alipay, roots, clock)
        if not self.public_key:
            raise HostConfigurationError(
                f"Nothing says which key is Alipay's for {self.app_id}", fix="Give public_key, or certificates."
            )
        return Trust.by_key(self.public_key.encode())


class BaiduEntry(_Entry, frozen=True, tag="baidu"):
    """A mini-program at Baidu."""

    app: BaiduApp
    web: BaiduWebsite | None = None
    cashier: BaiduCashier | None = None
    url: str = "https://openapi.baidu.com"

    @property
    def app_id(self) -> str:
        return self.app.app_key

    @property
    def website(self) -> str:
        return self.web.app_key if self.web else ""


Origin = Annotated[str, Meta(pattern=r"\Ahttps?://[a-z0-9.-]+(:[0-9]{1,5})?\Z")]


class WebEntry(_Entry, frozen=True, tag="web"):
    """The city's web app. Residents come back to ``redirect_uris`` from sign-on.

    ``framed_by``: the origins that may show residents' pages, such as ``/parking``, in a frame.
    """

    app: WebApp
    redirect_uris: tuple[str, ...] = ()
    framed_by: tuple[Origin, ...] = ()

    @property
    def app_id(self) -> str:
        return self.app.app_id


Entry = WeChatEntry | AlipayEntry | BaiduEntry | WebEntry


class HostApps(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    apps: tuple[Entry, ...] = ()

    @property
    def redirect_uris(self) -> Mapping[str, Sequence[str]]:
        """Where residents come back to from the sign-in page, by app id: only a web app has such addresses."""
        return {each.app_id: each.redirect_uris if isinstance(each, WebEntry) else () for each in self.apps}

    @property
    def framed_by(self) -> tuple[str, ...]:
        """The origins that may show residents' pages in a frame."""
        return tuple(origin for each in self.apps if isinstance(each, WebEntry) for origin in each.framed_by)

    @property
    def messages(self) -> Mapping[str, Templates]:
        """The templates of each app by its id."""
        return {each.app_id: each.messages for each in self.apps}

    @property
    def owners(self) -> Mapping[str, str]:
        """The owner of each app by its id, websites' too."""
        return {id_: each.owner for each in self.apps for id_ in (each.app_id, each.website) if id_}


def read_apps(path: str) -> HostApps:
    """Read the file; without a name there are no apps. Raises HostConfigurationError, HostKeyError."""
    if not path:
        return HostApps()
    try:
        return parse_apps(Path(path).read_bytes())
    except OSError as error:
        raise HostConfigurationError(f"The file of host apps cannot be read: {error.strerror}", fix=_FIX) from error


def parse_apps(text: bytes) -> HostApps:
    """Read a file's content. No error repeats a value: it may be a secret."""
    try:
        found = msgspec.json.decode(text, type=HostApps, dec_hook=_key)
        _check_names(msgspec.json.decode(text))
    except msgspec.DecodeError as error:
        raise HostConfigurationError(f"The file of host apps is not as it has to be: {error}", fix=_FIX) from error
    ids = [id_ for each in found.apps for id_ in (each.app_id, each.website) if id_]
    if repeated := {each for each in ids if ids.count(each) > 1}:
        raise HostConfigurationError(f"Apps are named twice: {', '.join(sorted(repeated))}", fix="Keep one of each.")
    return found


class OpenApps(Struct, frozen=True):
    """The channels of a process, and what their apps tell residents by, by app id."""

    channels: Mapping[str, Channel]
    messages: Mapping[str, Templates] = {}


@asynccontextmanager
async def open_channels(
    apps: HostApps, redis: Redis, clock: Clock, sms: SmsSender | None = None
) -> AsyncIterator[Mapping[str, Channel]]:
    """Open a channel for each app, by its id, for the length of a process; ``sms`` sends the web's messages."""
    async with AsyncExitStack() as stack:
        yield {each.app_id: await _opened(stack, each, redis, clock, sms) for each in apps.apps}


async def _opened(stack: AsyncExitStack, entry: Entry, redis: Redis, clock: Clock, sms: SmsSender | None) -> Channel:
    if isinstance(entry, WebEntry):
        return WebChannel(entry.app, sms, random_id)
    http = await stack.enter_async_context(open_http(entry.url, _HOSTS[type(entry)]))
    if isinstance(entry, WeChatEntry):
        payments = await _payments(stack, entry, clock)
        return WeChatChannel(http, redis, clock, entry.app, payments=payments, website=entry.web)
    if isinstance(entry, AlipayEntry):
        client = AlipayClient(http, clock, entry.app, entry.trust(clock), entry.url)
        return AlipayChannel(client, clock, entry.web)
    app = entry.app
    tokens = AccessTokens(redis, clock, f"baidu:{app.app_key}", lambda: fetch_app_token(http, app))
    return BaiduChannel(http, app, tokens.get, tokens.invalidate, clock=clock, cashier=entry.cashier, website=entry.web)


async def _payments(stack: AsyncExitStack, entry: WeChatEntry, clock: Clock) -> WeChatPayments | None:
    if entry.pay is None:
        return None
    http = await stack.enter_async_context(open_http(entry.pay.url, "WeChat Pay"))
    later = Later(lambda why: _log.error("what WeChat Pay's adapter does later failed: %s", why))
    stack.push_async_callback(later.stop)
    sub_mchid = entry.vehicles.sub_mchid if entry.vehicles else ""
    return WeChatPayments(entry.app_id, entry.pay, http, clock, later.spawn, sub_mchid=sub_mchid)


_HOSTS: Mapping[type, str] = {WeChatEntry: "WeChat", AlipayEntry: "Alipay", BaiduEntry: "Baidu"}
_KEYS: Mapping[type, Callable[[bytes, str], object]] = {
    RSAPrivateKey: rsa.private_key,
    RSAPublicKey: rsa.public_key,
    Certificate: rsa.certificate,
}
_APPS: Mapping[str, type[Struct]] = {"wechat": WeChatApp, "alipay": AlipayApp, "baidu": BaiduApp, "web": WebApp}


def _key(wanted: type, value: Any) -> object:
    """Read a key or certificate, which JSON holds as PEM."""
    if wanted not in _KEYS or not isinstance(value, str):
        raise HostConfigurationError(
            "A key or certificate of a host app is no text", fix="Give it as PEM, with \\n for line ends."
        )
    return _KEYS[wanted](value.encode(), "A key or certificate of a host app")


def _check_names(raw: Any) -> None:
    """Refuse names that an app's settings do not have: a mistyped one would be a setting that is silently not set."""
    for each in raw.get("apps", ()):
        known = _APPS[each["provider"]].__struct_fields__
        if unknown := sorted(set(each["app"]) - set(known)):
            raise HostConfigurationError(
                f"An app of {each['provider']} has settings that there are not: {', '.join(unknown)}",
                fix=f"There are: {', '.join(known)}.",
            )
