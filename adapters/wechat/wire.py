"""What WeChat's servers say, and are sent, as they write it. Nothing here leaves the adapter.

Decoded leniently (``strict=False``): WeChat writes the same number as a number on one page and as a string on another.
Success is an ``errcode`` of 0 or none at all.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct

from adapters.errors import OutcomeUnknownError
from adapters.http import HostReply


class Answer(Struct):
    """What every JSON answer may hold."""

    errcode: int = 0
    errmsg: str = ""


class TokenAnswer(Answer):
    """Of ``/cgi-bin/stable_token``; ``expires_in`` in seconds."""

    access_token: str = ""
    expires_in: int = 0


class SessionAnswer(Answer):
    """Of ``/sns/jscode2session`` and ``/wxa/resetusersessionkey``."""

    openid: str = ""
    session_key: str = ""
    unionid: str | None = None


class WebSignInAnswer(Answer):
    """Of ``/sns/oauth2/access_token``; the tokens in it are not used."""

    openid: str = ""
    unionid: str | None = None


class Watermark(Struct):
    """Which app data was made for, and when (seconds since 1970)."""

    appid: str = ""
    timestamp: int = 0


class PhoneInfo(Struct, rename="camel"):
    """A phone number: ``purePhoneNumber`` is without its country's code."""

    pure_phone_number: str
    country_code: int
    watermark: Watermark


class PhoneAnswer(Answer):
    """Of ``/wxa/business/getuserphonenumber``."""

    phone_info: PhoneInfo | None = None


class LinkAnswer(Answer):
    """Of ``/wxa/generate_urllink`` and ``/wxa/generatescheme``."""

    url_link: str = ""
    openlink: str = ""


class Sealed(Struct, rename="pascal"):
    """A pushed message in the secure mode."""

    encrypt: str


Said = TypeVar("Said", bound=Answer)


def read(reply: HostReply, what: type[Said]) -> Said:
    """Decode a JSON answer. OutcomeUnknownError for anything else, such as a proxy's page."""
    try:
        said = msgspec.json.decode(reply.body, type=what, strict=False)
    except msgspec.DecodeError as error:
        raise unreadable(reply) from error
    if reply.status != 200 and not said.errcode:
        raise unreadable(reply)
    return said


def unreadable(reply: HostReply) -> OutcomeUnknownError:
    """Return the error for an answer that is not WeChat's own."""
    return OutcomeUnknownError(
        f"WeChat answered {reply.status} with {len(reply.body)} bytes that are no answer of its interface",
        fix="Ask how it stands before trying anew; a proxy in between may have answered.",
    )
