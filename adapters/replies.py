"""What to answer a host's callback with when it is not taken, in that host's own words.

WeChat Pay and Alipay send again what is refused, which is what is wanted. At Baidu an error may have a paid order given
back (FM-10), so even what cannot be verified is answered with success: a query finds what it was about.
"""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct

from adapters.channel import Provider


class Reply(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    body: bytes
    media_type: str


_UNVERIFIED: Mapping[Provider, Reply] = {
    "wechat": Reply(
        HTTPStatus.UNAUTHORIZED, b'{"code":"FAIL","message":"The signature is refused"}', "application/json"
    ),
    "alipay": Reply(HTTPStatus.OK, b"fail", "text/plain"),
    "baidu": Reply(HTTPStatus.OK, b'{"errno":0,"msg":"success","data":{"isConsumed":2}}', "application/json"),
}
_LATER: Mapping[Provider, Reply] = {
    "wechat": Reply(
        HTTPStatus.SERVICE_UNAVAILABLE, b'{"code":"FAIL","message":"Send it again later"}', "application/json"
    ),
    "alipay": Reply(HTTPStatus.OK, b"fail", "text/plain"),
}
_DEADLINES_SECONDS: Mapping[Provider, int] = {"wechat": 5, "alipay": 5, "baidu": 2}  # Alipay states none


def deadline_seconds(provider: Provider) -> int:
    """Return within how many seconds a host wants to be answered; the transaction has all but one of them."""
    return _DEADLINES_SECONDS[provider]


def unverified(provider: Provider) -> Reply | None:
    """Return the answer to what a host may not have sent; None for a host that sends nothing."""
    return _UNVERIFIED.get(provider)


def later(provider: Provider, accepted: Reply) -> Reply:
    """Return the answer to what is genuine and could not be stored; ``accepted`` is that to what could."""
    return _LATER.get(provider, accepted)
