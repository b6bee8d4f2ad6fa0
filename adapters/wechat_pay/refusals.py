"""Which of WeChat Pay's refusals means which error. Codes come with and without underscores.

From copies of the official error tables; for refunds the HTTP statuses are unverified, so there only codes count.
"""

from adapters.errors import (
    BillNotReadyError,
    HostConfigurationError,
    HostQuotaError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from adapters.wechat_pay.wire import Fault
from kernel.errors import YiwangError

_QUOTA = {"FREQUENCYLIMITED", "RATELIMITEXCEEDED"}
_CONFIGURATION = {"SIGNERROR", "APPIDMCHIDNOTMATCH", "MCHNOTEXISTS", "NOAUTH"}
_FINAL_DESPITE_500 = {"OPENIDMISMATCH", "INVALIDTRANSACTIONID"}
_UNKNOWN = {"SYSTEMERROR", "BANKERROR", "USERPAYING"}
_MENDED = {
    "ORDERCLOSED": "The order is closed for good: order anew with another number.",
    "ORDERPAID": "The order is paid: query it.",
    "OUTTRADENOUSED": "The number belongs to an order of other content: query it, and never use a number twice.",
    "NOTENOUGH": "The balance does not suffice: the payer's when paying, the merchant's when refunding.",
    "OPENIDMISMATCH": "Let the payer pay in the mini-program that they signed in to.",
}


def refusal(status: int, fault: Fault) -> YiwangError:  # noqa: PLR0911 - one for each meaning
    """Return the error that an answer which is no success means."""
    code = fault.code.replace("_", "").upper()
    said = f"WeChat Pay refuses with HTTP {status} {fault.code[:40]}: {fault.message[:120]}".rstrip(": ")
    if code in _FINAL_DESPITE_500:
        return OrderRefusedError(said, fix=_MENDED.get(code, "Compare the order with what WeChat Pay says."))
    if status >= 500 or status == 408 or code in _UNKNOWN:
        return OutcomeUnknownError(said, fix="Ask how it stands, or send the very same again.")
    if status == 429 or code in _QUOTA:
        return HostQuotaError(said, fix="Try again in a minute, and more slowly.")
    if status == 401 or code in _CONFIGURATION:
        return HostConfigurationError(
            said, fix="Compare merchant, certificate serial, keys, app and permissions with the merchant console."
        )
    if code == "STATEMENTCREATING":
        return BillNotReadyError(said, fix="Ask for the bill again in an hour.")
    if not code:
        return HostConfigurationError(said, fix="WeChat Pay names a code: see whether its address or a proxy is wrong.")
    return OrderRefusedError(said, fix=_MENDED.get(code, "Trying the same again changes nothing; see what it says."))
