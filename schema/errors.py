"""What the platform's own part of the graph refuses."""

from kernel.errors import YiwangError


class UnknownAppError(YiwangError):
    """The deployment has no such app."""

    code = "APP_UNKNOWN"
    http_status = 404


class NoIdentityServiceError(YiwangError):
    """The deployment has no service that proves people."""

    code = "NO_IDENTITY_SERVICE"
    http_status = 503


class ArgumentRefusedError(YiwangError):
    """An argument of the platform's own field has a value that cannot be used."""

    code = "ARGUMENT_REFUSED"
    http_status = 400
