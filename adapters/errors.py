"""What can go wrong between us and a host app, said without its secrets."""

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
