"""What can go wrong between us and a host app, said without its secrets."""

from typing import Literal

from kernel.errors import YiwangError


class SignatureRefusedError(YiwangError):
    """A message that claims to come from a host app is not signed by it, or is too old, or cannot be opened."""

    code = "HOST_SIGNATURE_INVALID"
    http_status = 401


class SessionStaleError(YiwangError):
    """Data from the client cannot be opened with the newest session key: the host app has given out another since."""

    code = "HOST_SESSION_STALE"
    http_status = 409
    retryable = True


class HostKeyError(YiwangError):
    """A key or certificate of a host app's configuration cannot be used."""

    code = "HOST_KEY_UNUSABLE"
    http_status = 500


class CodeRefusedError(YiwangError):
    """The client's one-time code is unknown, used, expired or another app's: never try the same again."""

    code = "HOST_CODE_REFUSED"
    http_status = 400


class HostSignInCancelledError(YiwangError):
    """Somebody came back from a host app's own sign-in page without a code: they pressed cancel, or were refused."""

    code = "HOST_SIGN_IN_CANCELLED"
    http_status = 403


class UserBlockedError(YiwangError):
    """The host app does not let this user sign in; they need a door outside it."""

    code = "HOST_USER_BLOCKED"
    http_status = 403


class HostQuotaError(YiwangError):
    """A quota of the host's is used up; its message says until when."""

    code = "HOST_QUOTA_EXHAUSTED"
    http_status = 429
    retryable = True


class HostConfigurationError(YiwangError):
    """The host refuses our configuration: app id, secret, key, address or permission. An operator must mend it."""

    code = "HOST_MISCONFIGURED"
    http_status = 502


class HostUnavailableError(YiwangError):
    """The host cannot be reached or is out of order, and has surely done nothing."""

    code = "HOST_UNAVAILABLE"
    http_status = 503
    retryable = True


class OutcomeUnknownError(YiwangError):
    """The host may have done it: ask how it stands, or send the very same again; never with a new number."""

    code = "HOST_OUTCOME_UNKNOWN"
    http_status = 503
    retryable = True


class OrderRefusedError(YiwangError):
    """The host refuses a payment or refund for a reason that trying again does not change."""

    code = "HOST_ORDER_REFUSED"
    http_status = 409


class BillNotReadyError(YiwangError):
    """The host has not made the bill of that day yet."""

    code = "HOST_BILL_NOT_READY"
    http_status = 503
    retryable = True


class BillUnreadableError(YiwangError):
    """A bill is damaged or has not the form that it should have; nothing of it is believed."""

    code = "HOST_BILL_UNREADABLE"
    http_status = 502


class NotOfferedError(YiwangError):
    """What was asked for does not exist at this host app."""

    code = "HOST_LACKS_THIS"
    http_status = 422


class IdentityRefusedError(YiwangError):
    """The identity service refuses what it was given: no ID number at all, or a face check or code unknown to it."""

    code = "IDENTITY_DATA_REFUSED"
    http_status = 422


class LaunchRefusedError(YiwangError):
    """A code or link that would open the mini-program cannot be made of the page, scene or query that was given."""

    code = "HOST_LAUNCH_REFUSED"
    http_status = 422


class MessageRefusedError(YiwangError):
    """The host does not deliver a message. ``field`` names the value to mend, ``reason`` what to do else."""

    code = "HOST_MESSAGE_REFUSED"
    http_status = 422

    def __init__(
        self, message: str, *, reason: Literal["no_credit", "value", "template", "page", "receiver"], field: str = ""
    ) -> None:
        super().__init__(message, fix=_MENDED[reason])
        self.reason = reason
        self.field = field


_MENDED = {
    "no_credit": "Reach them another way; the user has to allow the next message by a tap.",
    "value": "Mend the value by the template's rules and send again.",
    "template": "Compare the template's id with the app's console.",
    "page": "Release the page, or name a released one.",
    "receiver": "The user is unknown to this app: sign in again before the next message.",
}
