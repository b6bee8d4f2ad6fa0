"""What a site's box refuses, to whoever asks it and to its operator."""

from typing import Any

from kernel.errors import YiwangError


class SiteFileError(YiwangError):
    """A site's file cannot be read, or says something that does not fit."""

    code = "GATE_SITE_INVALID"


class GateTokenError(YiwangError):
    """Whoever asks the box has not sent the site's token, or not the booth's where that is needed."""

    code = "GATE_TOKEN_REFUSED"
    http_status = 401


class LaneUnknownError(YiwangError):
    """The site has no lane of this name, or the box serves it not."""

    code = "GATE_LANE_UNKNOWN"
    http_status = 404


class GateRequestError(YiwangError):
    """What a camera, scanner or terminal has sent is not understood; ``field`` is where."""

    code = "GATE_REQUEST_INVALID"
    http_status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", fix="docs/gate.md has what each request takes.")
        self.field = field

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | {"field": self.field}


class StoreFailedError(YiwangError):
    """The box's store cannot be written, so nothing is decided: what is not kept must not happen."""

    code = "GATE_STORE_FAILED"
    http_status = 503
    retryable = True


class CloudAwayError(YiwangError):
    """The platform cannot be reached, or does not take what the box sends; it is tried again."""

    code = "GATE_CLOUD_AWAY"
    http_status = 503
    retryable = True
