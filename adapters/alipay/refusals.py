"""What Alipay's codes mean to us. Pure.

Its own words (``sub_msg``) are never passed on: for a bad signature they repeat the whole request.
"""

import re

from adapters.alipay.wire import Outcome
from adapters.errors import (
    CodeRefusedError,
    HostConfigurationError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from kernel.errors import YiwangError

_SUCCESS = "10000"
_BUSINESS = "40004"
_TOKEN = "alipay_system_oauth_token"  # noqa: S105 - a reply's name
_UNSIGNED_CODES = frozenset({"20001", "40001", "40002", "40003", "40006"})  # refused before anything was done
_UNKNOWN_SUB_CODES = ("ACQ.SYSTEM_ERROR", "isp.", "aop.unknow")
_SIGN_IN_AGAIN = frozenset({"isv.code-invalid", "isv.invalid-auth-relations"})
_CONTRACT = frozenset({"ACQ.ACCESS_FORBIDDEN", "ACQ.PARTNER_ERROR", "ACQ.SELLER_BEEN_BLOCKED"})
_ABOUT_ORDERS = ("alipay.trade.", "alipay.eco.mycar.parking.", "alipay.commerce.transport.parking.")
_ASK = "Ask how it stands, or send the very same again."
_FIXES = {
    "ACQ.CONTEXT_INCONSISTENT": "The number has other data at Alipay: never change an order, make a new one.",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "The refund number has another amount at Alipay: send the first one.",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "Refunds may not exceed what was paid: query the refunds made so far.",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "Top up the merchant's balance, then send the same refund number again.",
    "ACQ.TRADE_BUYER_NOT_MATCH": "The payer signed in to another app: have them sign in to this one.",
    "ACQ.TRADE_HAS_CLOSE": "The order is closed: make a new one.",
    "ACQ.TRADE_HAS_SUCCESS": "The order is paid: query it.",
    "ACQ.TRADE_STATUS_ERROR": "Query the order: in its present state this cannot be done.",
}


def is_success(replied: str, outcome: Outcome) -> bool:
    """Whether Alipay did it. ``replied`` is the reply's name: only the token reply has no code when it did."""
    if replied == _TOKEN:
        return not outcome.sub_code and outcome.code in (None, "", _SUCCESS)
    return outcome.code == _SUCCESS and replied != "error"


def counts_unsigned(outcome: Outcome) -> bool:
    """Whether a reply without a signature may be believed: only a refusal of the gateway's, made before any work."""
    return outcome.code in _UNSIGNED_CODES


def refusal(method: str, outcome: Outcome) -> YiwangError:
    """Return the error that an unsuccessful reply means."""
    code, sub_code = outcome.code or "", outcome.reason
    said = f"Alipay answers {method} with {_readable(code)} {_readable(sub_code)}".rstrip()
    if code == _BUSINESS and sub_code and not sub_code.startswith(_UNKNOWN_SUB_CODES):
        return _business(method, sub_code, said)
    if sub_code in _SIGN_IN_AGAIN or code == "20001":
        return CodeRefusedError(said, fix="Have the client sign in again and send a fresh code.")
    if code in _UNSIGNED_CODES and not sub_code.startswith(_UNKNOWN_SUB_CODES):
        return HostConfigurationError(said, fix="Compare app id, keys and products with Alipay's console.")
    return OutcomeUnknownError(said, fix=_ASK)


def _business(method: str, sub_code: str, said: str) -> YiwangError:
    if sub_code in _CONTRACT or not method.startswith(_ABOUT_ORDERS):
        return HostConfigurationError(said, fix="Look the sub-code up in Alipay's console; a product may be missing.")
    return OrderRefusedError(said, fix=_FIXES.get(sub_code, "Look the sub-code up; trying again changes nothing."))


def _readable(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9._-]{0,80}", code) else "(an unreadable code)"
