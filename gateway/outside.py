"""The services outside that signing in needs: an SMS gateway and the identity service, as the settings name them."""

from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from adapters.http import open_http
from adapters.identity import IdentityService
from adapters.signed_json import SignedJson, SigningKey
from adapters.web.sms import Sms, SmsGateway
from gateway.http.sign_on.steps import Outside, no_messages
from kernel.clock import SystemClock
from kernel.ids import random_id
from kernel.settings import Settings, SettingsError, variable

SIGN_IN_TEMPLATE = "sign_in"


async def open_outside(settings: Settings, stack: AsyncExitStack) -> Outside:
    """Open what is configured, until ``stack`` ends. What is not says so when it is needed."""
    send_code, identity = no_messages, None
    if settings.sms_url:
        key = _key(settings.sms_key, variable("sms_key"))
        gateway = SmsGateway(await _service(settings.sms_url, key, "the SMS gateway", stack))

        async def send_by_sms(phone: str, code: str, id_: str) -> None:
            await gateway.send(Sms(id=id_, to=phone, template=SIGN_IN_TEMPLATE, values={"code": code}))

        send_code = send_by_sms
    if settings.identity_url:
        key = _key(settings.identity_key, variable("identity_key"))
        identity = IdentityService(await _service(settings.identity_url, key, "the identity service", stack))
    return Outside(send_code, identity)


async def _service(url: str, key: SigningKey, name: str, stack: AsyncExitStack) -> SignedJson:
    parts = urlsplit(url)
    http = await stack.enter_async_context(open_http(f"{parts.scheme}://{parts.netloc}", name))
    return SignedJson(http, key, SystemClock(), random_id, prefix=parts.path.rstrip("/"))


def _key(text: str, name: str) -> SigningKey:
    id_, separator, secret = text.partition(":")
    if not separator or not secret:
        raise SettingsError(f"{name} is not `<key id>:<secret>` (docs/settings.md describes it)")
    return SigningKey(id_, secret.encode())
