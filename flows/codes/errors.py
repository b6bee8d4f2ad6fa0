"""What goes wrong with codes and with those who read them."""

from typing import Any

from flows.codes.refusals import Refusal
from kernel.errors import YiwangError

_FIXES = {
    Refusal.EXPIRED: "Have a new code shown: one lives 60 seconds.",
    Refusal.TOO_EARLY: "Set the verifier's clock, or that of the phone if it has signed the code: neither runs ahead.",
    Refusal.TOO_FAR: "Have the holder fetch a new code here; a picture of another's code opens nothing.",
    Refusal.REPLAY: "Have a new code shown; each admits once.",
    Refusal.UNKNOWN_KEY: "Fetch the key set again.",
    Refusal.ONLINE_ONLY: "Ask the platform (POST /codes/check), and set the verifier's clock.",
    Refusal.LIST_TOO_OLD: "Fetch the revocation list again, or ask the platform.",
}


class PassCodeRefusedError(YiwangError):
    """A pass code or signed receipt that is not accepted; ``reason`` says why, in a word for programs."""

    code = "PASS_CODE_REFUSED"
    http_status = 422

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message, fix=_FIXES.get(reason, "Have a new code shown."))
        self.reason = reason

    @property
    def extensions(self) -> dict[str, Any]:
        """The code and the reason."""
        return super().extensions | {"reason": self.reason.value}


class SignedListRefusedError(YiwangError):
    """A key set or revocation list that is forged, damaged, or older than the one that is held."""

    code = "SIGNED_LIST_REFUSED"
    http_status = 422


class VerifierRefusedError(YiwangError):
    """A verifier cannot be registered as it is described."""

    code = "VERIFIER_REFUSED"
    http_status = 400


class VerifierUnknownError(YiwangError):
    """There is no verifier of this id."""

    code = "VERIFIER_UNKNOWN"
    http_status = 404


class DeviceRefusedError(YiwangError):
    """A request that no registered device has signed, or not as it must be, or that came before."""

    code = "DEVICE_REFUSED"
    http_status = 401


class CodesUnavailableError(YiwangError):
    """Redis is away, so whether something was used before cannot be known: nothing is let through meanwhile."""

    code = "CODES_UNAVAILABLE"
    http_status = 503
    retryable = True


class CodeDeviceRefusedError(YiwangError):
    """A phone that may not sign codes: its key is none, it has not shown that it has it, or it was bound before."""

    code = "CODE_DEVICE_REFUSED"
    http_status = 422


class CodeDeviceUnknownError(YiwangError):
    """The phone may not sign codes of the resident's: it was never bound, or is bound no more."""

    code = "CODE_DEVICE_UNKNOWN"
    http_status = 404


class CodePurposeUnknownError(YiwangError):
    """There are no codes for such a purpose, or for such a group of verifiers."""

    code = "CODE_PURPOSE_UNKNOWN"
    http_status = 400


class PlaceRefusedError(YiwangError):
    """A place code cannot be made as it is described."""

    code = "PLACE_REFUSED"
    http_status = 400


class PlaceUnknownError(YiwangError):
    """There is no such place code, or key of them."""

    code = "PLACE_UNKNOWN"
    http_status = 404
