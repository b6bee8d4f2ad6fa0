"""What can be wrong with an argument when it is written into a request."""

from kernel.errors import YiwangError


class ArgumentError(YiwangError):
    """An argument has a value that cannot be sent in its place."""

    code = "BAD_ARGUMENT"
    http_status = 400
