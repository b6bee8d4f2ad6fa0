"""What the SMS gateway is sent and answers; ``adapters.web.sms`` describes the wire."""

from msgspec import Struct


class SmsRequest(Struct, frozen=True):
    """``POST /messages``."""

    id: str
    to: str
    template: str
    values: dict[str, str]
    link: str = ""


class SmsAccepted(Struct, frozen=True):
    """Its success."""

    message: str
