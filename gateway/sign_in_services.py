"""The services outside that signing in needs: an SMS gateway and the identity service, as the settings name them."""

from contextlib import AsyncExitStack

from adapters.identity import open_identity
from adapters.web.sms import Sms, open_sms
from gateway.http.sign_on.services import SignInServices, no_messages
from kernel.clock import SystemClock
from kernel.settings import Settings

SIGN_IN_TEMPLATE = "sign_in"


async def open_sign_in_services(settings: Settings, stack: AsyncExitStack) -> SignInServices:
    """Open what is configured, until ``stack`` ends. What is not says so when it is needed."""
    send_code, clock = no_messages, SystemClock()
    sms = gateway = await stack.enter_async_context(open_sms(settings, clock))
    if gateway is not None:

        async def send_by_sms(phone: str, code: str, id_: str) -> None:
            await gateway.send(Sms(id=id_, to=phone, template=SIGN_IN_TEMPLATE, values={"code": code}))

        send_code = send_by_sms
    identity = await stack.enter_async_context(open_identity(settings, clock))
    return SignInServices(send_code, identity, sms)
