"""SMS through a gateway: what a sender offers, and the client of a gateway that speaks ``adapters.signed_json``.

The wire: ``POST /messages`` with ``{"id", "to", "template", "values", "link"}``; 202 ``{"message"}``, the gateway's own
number, the same for the same ``id``, which is delivered once. A refusal is ``{"code", "message", "field"}`` with the
codes ``receiver``, ``template``, ``value`` (422), ``quota`` (429), ``unavailable`` (503) and ``signature`` (401).
"""

import html
import re
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol, cast
from urllib.parse import unquote

from msgspec import Struct

from adapters.errors import (
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from adapters.signed_json import Refusal, SignedJson, open_signed, read, signing_key
from adapters.web.wire import SmsAccepted, SmsRequest
from kernel.clock import Clock
from kernel.errors import YiwangError
from kernel.masks import masked_phone
from kernel.settings import Settings

_READ, _SHOWN = 4000, 200  # characters of what a gateway says


class Sms(Struct, frozen=True, kw_only=True):
    """A message by a template that the gateway knows; ``to`` is E.164, ``link`` a page to open or nothing."""

    id: str  # ours, one a message; the same again is not delivered again
    to: str
    template: str
    values: Mapping[str, str]
    link: str = ""


class SmsSender(Protocol):
    """Whoever can send SMS."""

    async def send(self, sms: Sms) -> str:
        """Hand over a message and return the gateway's number for it; handed over is not delivered.

        Raises MessageRefusedError, HostQuotaError, HostConfigurationError, HostUnavailableError and, if only the very
        same message may be sent again, OutcomeUnknownError.
        """
        ...


class SmsGateway:
    """A gateway that speaks the wire above."""

    def __init__(self, service: SignedJson) -> None:
        self._service = service

    async def send(self, sms: Sms) -> str:
        """Implement SmsSender. An unknown outcome is asked for once, by the same message: its id makes that safe."""
        try:
            return await self._hand_over(sms)
        except OutcomeUnknownError as unknown:
            try:
                return await self._hand_over(sms)
            except HostUnavailableError:  # says nothing about the first
                raise unknown from None

    async def _hand_over(self, sms: Sms) -> str:
        wired = SmsRequest(sms.id, sms.to, sms.template, dict(sms.values), sms.link)
        answer = read(await self._service.call("POST", "/messages", wired), SmsAccepted)
        if isinstance(answer, Refusal):
            raise _refused(answer, sms.to)
        return answer.message


@asynccontextmanager
async def open_sms(settings: Settings, clock: Clock) -> AsyncIterator[SmsGateway | None]:
    """Open the gateway that the settings name, if they name one."""
    if not settings.sms_url:
        yield None
        return
    key = signing_key(settings.sms_key, "sms_key")
    async with open_signed(settings.sms_url, key, clock, "the SMS gateway") as service:
        yield SmsGateway(service)


def _refused(refusal: Refusal, to: str) -> YiwangError:
    """Return the error for a refusal. Errors are logged and kept: none has the whole number, though the gateway may."""
    said, code, field = (_without_number(each, to) for each in (refusal.message, refusal.code, refusal.field))
    if refusal.code == "quota":
        return HostQuotaError(f"The SMS gateway takes no more: {said}", fix="Try again in a minute.")
    if refusal.code in {"receiver", "template", "value"}:
        reason = cast("Literal['receiver', 'template', 'value']", refusal.code)
        return MessageRefusedError(f"The SMS gateway refuses: {said}", reason=reason, field=field)
    return HostConfigurationError(
        f"The SMS gateway refuses with code {code!r}: {said}", fix="Compare what it expects with adapters/web/sms.py."
    )


def _without_number(said: str, to: str) -> str:
    """Mask a number, in whatever digits: its last seven, and those before them that are there."""
    said, number = html.unescape(unquote(said[:_READ])), to.removeprefix("+")
    places = [place for place, each in enumerate(said) if unicodedata.digit(each, None) is not None]
    digits = "".join(str(unicodedata.digit(said[place])) for place in places)
    shown, after, found = "", 0, digits.find(number[-7:])
    while found >= 0:
        end = found + len(number[-7:])
        begin = _begin(digits, found, number[:-7])
        before = re.sub(r"(?:\+|\b00?)?\(?$", "", said[after : places[begin]])
        shown, after = f"{shown}{before}{masked_phone(to)}", places[end - 1] + 1
        found = digits.find(number[-7:], end)
    return (shown + said[after:])[:_SHOWN]


def _begin(digits: str, at: int, lead: str) -> int:
    """Return where a number begins whose last digits are there, ``lead`` before them: whole, or without its country."""
    begin, known = at, len(lead)
    while known and digits[:begin].endswith(lead[known - 1]):
        begin, known = begin - 1, known - 1
    if known and digits[:begin].endswith(lead[:known] + "0"):  # +44 (0)7700 …
        begin -= known + 1
    return begin
