"""Which of Baidu's error codes means what. Its texts are never judged and never passed on."""

import re
from typing import Literal

from adapters.baidu.wire import Answer
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    HostQuotaError,
    LaunchRefusedError,
    MessageRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from kernel.errors import YiwangError

Call = Literal["token", "sign-in", "union id", "message", "code", "query", "close", "refund", "refund query", "bill"]

TOKEN_REFUSED = frozenset({110, 111})  # 110 is in Baidu's documents; 111 (expired) is unconfirmed
NOT_FOUND = 10002  # the order or the payment app key is unknown, or the order is consumed
_CASHIER: frozenset[Call] = frozenset({"query", "close", "refund", "refund query", "bill"})

_ANYWHERE: dict[int, tuple[type[YiwangError], str]] = {
    100: (HostConfigurationError, "Baidu takes forms alone: something between changed the request's type."),
    930: (HostConfigurationError, "Compare our public key in the cashier's console with our private key."),
    970: (HostConfigurationError, "Apply for this permission in the console."),
    5010003: (HostQuotaError, "Too many at once: wait a second."),
}
_CASHIER_CODES: dict[int, tuple[type[YiwangError], str]] = {
    10000: (HostConfigurationError, "Compare our public key in the cashier's console with our private key."),
    10001: (OrderRefusedError, "Compare the order and the amount with what a query says."),
    NOT_FOUND: (OrderRefusedError, "Query the order; compare the payment app key with the cashier's console."),
    10003: (OutcomeUnknownError, "Ask how it stands; the merchant's balance may be too low for a refund."),
}
_MESSAGE: dict[int, Literal["no_credit", "value", "template", "page", "receiver"]] = {
    2002: "value",
    4001: "template",
    4003: "no_credit",  # the form's id is used or too old
    4004: "no_credit",  # the scene's id is another user's, or none
    4007: "no_credit",  # never subscribed, or no longer
    4010: "receiver",
}
_OAUTH_CONFIGURATION = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}  # RFC 6749 section 5.2
    | {"redirect_uri_mismatch"}  # Baidu's own
)
_FRESH_CODE = "Have the client sign in again and send its new code; never retry this one."
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def refused(said: Answer) -> bool:
    """Whether an answer is a refusal, in whichever envelope."""
    return bool(said.code or said.error)


def refusal(call: Call, said: Answer) -> YiwangError:
    """Return the error for a refusal."""
    if not said.code:
        return _oauth(call, str(said.error))
    what = f"Baidu refuses the {call} with {said.code}{_trace(said)}"
    if call == "message":
        return _message(said.code, what)
    known = _ANYWHERE | _CASHIER_CODES if call in _CASHIER else _ANYWHERE
    error, fix = known.get(said.code) or _otherwise(call, said.code)
    return error(what, fix=fix)


def _message(code: int, what: str) -> YiwangError:
    if code in _MESSAGE:
        return MessageRefusedError(what, reason=_MESSAGE[code])
    if code == 4002:
        return OutcomeUnknownError(f"{what}: the push failed", fix="Reach them another way if it matters.")
    error, fix = _ANYWHERE.get(code) or (
        HostConfigurationError,
        "Compare the app's right to push (6001 if it has none) with the console.",
    )
    return error(what, fix=fix)


def _otherwise(call: Call, code: int) -> tuple[type[YiwangError], str]:
    if call == "sign-in":
        return CodeRefusedError, _FRESH_CODE
    if call == "code" and code == 400:
        return LaunchRefusedError, "Release the page; keep its path and the width within Baidu's limits."
    return HostConfigurationError, "Look the code up in Baidu's documentation; its support asks for the request's id."


def _oauth(call: Call, error: str) -> YiwangError:
    word = error if _WORD.fullmatch(error) else "a malformed error"
    what = f"Baidu refuses the {call}: {word}"
    if call == "sign-in" and word not in _OAUTH_CONFIGURATION:
        return CodeRefusedError(what, fix=_FRESH_CODE)
    return HostConfigurationError(what, fix="Compare the app key and secret with the console's.")


def _trace(said: Answer) -> str:
    trace = str(said.request_id or "")
    return f" (request {trace})" if _WORD.fullmatch(trace) else ""
