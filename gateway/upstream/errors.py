"""What can go wrong between the gateway and a department's service.

Messages name the service and what happened, never an address, a credential or a library's own words.
"""

from kernel.errors import YiwangError


class UpstreamError(YiwangError):
    """A call to a department's service failed."""

    code = "UPSTREAM_FAILED"
    http_status = 502
    hint = ""

    def __init__(self, service: str, what: str, *, fix: str = "") -> None:
        super().__init__(f"{service}: {what}", fix=fix or self.hint)
        self.service = service


class UpstreamTimeoutError(UpstreamError):
    """A phase of the call, or the call's deadline, ran out of time."""

    code = "UPSTREAM_TIMEOUT"
    http_status = 504
    retryable = True
    hint = "Try again later; ask for less at once if it happens always."


class UpstreamUnreachableError(UpstreamError):
    """No connection could be made."""

    code = "UPSTREAM_UNREACHABLE"
    retryable = True
    hint = "Try again later."


class UpstreamResetError(UpstreamError):
    """The connection broke. ``unanswered``: not one byte of an answer had come."""

    code = "UPSTREAM_RESET"
    retryable = True
    hint = "Try again; a change may or may not have been made: repeat it only with an idempotency key."

    def __init__(self, service: str, what: str, *, unanswered: bool = False) -> None:
        super().__init__(service, what)
        self.unanswered = unanswered


class UpstreamMisconfiguredError(UpstreamError):
    """The settings of the service's connection cannot be used."""

    code = "UPSTREAM_MISCONFIGURED"
    hint = "The department publishes a usable URL and usable headers; the operator checks YIWANG_UPSTREAM_NETWORKS."


class UpstreamTooLargeError(UpstreamError):
    """The answer exceeds ``max_body_bytes``."""

    code = "UPSTREAM_TOO_LARGE"
    hint = "Ask for a smaller page, or raise the service's max_body_bytes."


class UpstreamBadAnswerError(UpstreamError):
    """The answer is not valid HTTP/1.1."""

    code = "UPSTREAM_BAD_ANSWER"
    hint = "The department's server breaks HTTP/1.1 (RFC 9112) and has to be mended."


class UpstreamBadRequestError(UpstreamError):
    """The rendered request would not be valid HTTP/1.1."""

    code = "UPSTREAM_BAD_REQUEST"
    http_status = 400
    hint = "Leave line breaks and other control characters out of the arguments."


class UpstreamRedirectError(UpstreamError):
    """The service redirects in a way that is not followed."""

    code = "UPSTREAM_REDIRECT"
    hint = "The department publishes the final URL of its service."


class UpstreamBusyError(UpstreamError):
    """As many calls are in flight and waiting as the service may have."""

    code = "UPSTREAM_BUSY"
    http_status = 503
    retryable = True
    hint = "Try again later."


class UpstreamSuspendedError(UpstreamError):
    """The circuit breaker is open."""

    code = "UPSTREAM_SUSPENDED"
    http_status = 503
    retryable = True
    hint = "Try again in a few seconds."


class UpstreamRefusedAddressError(UpstreamError):
    """The service's name leads to an address that this deployment does not allow."""

    code = "UPSTREAM_REFUSED_ADDRESS"
    hint = "The operator has to allow the network of this service (YIWANG_UPSTREAM_NETWORKS)."
