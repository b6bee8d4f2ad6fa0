"""Which of WeChat's error codes means what. Its texts are never judged: they change, only their trace id is kept."""

import re
from typing import Literal

from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    HostQuotaError,
    HostUnavailableError,
    LaunchRefusedError,
    MessageRefusedError,
    SessionStaleError,
    UserBlockedError,
)
from kernel.errors import YiwangError

Call = Literal["token", "sign-in", "phone number", "session", "message", "code", "link"]

TOKEN_REFUSED = frozenset({40001, 40014, 42001})  # invalid, malformed, expired

_TRACE = re.compile(r"\brid: *([0-9A-Za-z-]{1,64})")
_FIELD = re.compile(r"\b([a-z_]+[0-9]+)(?:\.value|\.DATA)?\b")

_ANYWHERE: dict[int, tuple[type[YiwangError], str]] = {
    -1: (HostUnavailableError, "WeChat is busy: try again in a moment."),
    40013: (HostConfigurationError, "Compare the app id with the console's."),
    40029: (CodeRefusedError, "Ask the client for a fresh code of the right kind; never retry this one."),
    40125: (HostConfigurationError, "Compare the app secret with the console's."),
    40163: (CodeRefusedError, "The code was used before: ask the client for a fresh one."),
    40164: (HostConfigurationError, "Put this server's outgoing address on the console's list of IP addresses."),
    40226: (UserBlockedError, "WeChat sees a high risk: offer a way without it, such as a service desk."),
    45011: (HostQuotaError, "Too many in this minute: wait until the next."),
    48001: (HostConfigurationError, "Apply for this interface in the console."),
    87009: (SessionStaleError, "Call wx.login again and send its new code."),
}
_MESSAGE: dict[int, Literal["no_credit", "value", "template", "page", "receiver"]] = {
    40003: "receiver",
    40037: "template",
    41030: "page",
    43101: "no_credit",
    47003: "value",
    45168: "value",  # seen when content is judged unsuitable; its exact meaning is not published
}
_LAUNCH = {
    41030: "Release the page, or have codes made for unreleased pages too.",
    40129: "Keep scenes to letters, digits, - and _.",
    40169: "Keep scenes to 1 to 32 characters.",
    # of links; common knowledge, not confirmed by a page that was read
    40165: "Release the page, or name a released one without a query.",
    40212: "Keep the query to letters, digits and percent-encoded rest, up to 1024 characters.",
    85401: "Let links live 1 to 30 days.",
}


def refusal(call: Call, code: int, text: str) -> YiwangError:
    """Return the error for an ``errcode`` other than 0. ``text`` is ``errmsg``."""
    trace = _TRACE.search(text)
    what = f"WeChat refuses the {call} with {code}" + (f" (rid {trace[1]})" if trace else "")
    if call == "message" and code in _MESSAGE:
        return MessageRefusedError(what, reason=_MESSAGE[code], field=_field(text) if code == 47003 else "")
    if call in {"code", "link"} and code in _LAUNCH:
        return LaunchRefusedError(what, fix=_LAUNCH[code])
    return _anywhere(call, code, what)


def _anywhere(call: Call, code: int, what: str) -> YiwangError:
    if code == 45009:
        span = "this minute" if call == "code" else "today"
        return HostQuotaError(f"{what}: the quota of {span} is used up", fix=f"Wait until {span} is over.")
    error, fix = _ANYWHERE.get(
        code,
        (HostConfigurationError, "Look the code up in WeChat's documentation; its support asks for the rid."),
    )
    return error(what, fix=fix)


def _field(text: str) -> str:
    """Return the keyword that a 47003 names, for people to read; nothing depends on it."""
    found = _FIELD.search(text)
    return found[1] if found else ""
