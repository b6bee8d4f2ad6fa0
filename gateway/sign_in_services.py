"""The services outside that signing in needs: an SMS gateway and the identity service, as the settings name them."""

from contextlib import AsyncExitStack

from adapters.identity import IdentityService
from adapters.signed_json import SigningKey, open_signed
from adapters.web.sms import Sms, SmsGateway
from gateway.http.sign_on.steps import SignInServices, no_messages
from kernel.clock import SystemClock
from kernel.settings import Settings, SettingsError, variable

SIGN_IN_TEMPLATE = "sign_in"


async def open_sign_in_services(settings: Settings, stack: AsyncExitStack) -> SignInServices:
    """Open what is configured, until ``stack`` ends. What is not says so when it is needed."""
    send_code, identity, sms, clock = no_messages, None, None, SystemClock()
    if settings.sms_url:
        key = _key(settings.sms_key, variable("sms_key"))
        sms = gateway = SmsGateway(
            await stack.enter_async_context(open_signed(settings.sms_url, key, clock, "the SMS gateway"))
        )

        async def send_by_sms(phone: str, code: str, id_: str) -> None:
            await gateway.send(Sms(id=id_, to=phone, template=SIGN_IN_TEMPLATE, values={"code": code}))

        send_code = send_by_sms
    if settings.identity_url:
        key = _key(settings.identity_key, variable("identity_key"))
        identity = IdentityService(
            await stack.enter_async_context(open_signed(settings.identity_url, key, clock, "the identity service"))
        )
    return SignInServices(send_code, identity, sms)


def _key(text: str, name: str) -> SigningKey:
    id_, separator, secret = text.partition(":")
    if not separator or not secret:
        raise SettingsError(f"{name} is not `<key id>:<secret>` (docs/settings.md describes it)")
    return SigningKey(id_, secret.encode())
