"""Why an export is refused."""

from kernel.errors import YiwangError


class ExportBusyError(YiwangError):
    """As many exports are under way as this process takes."""

    code = "EXPORT_BUSY"
    http_status = 503
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "As many exports are under way as there may be at once",
            fix="Try again in a minute; `If-None-Match` with the ETag you have saves an export that has not changed.",
        )
