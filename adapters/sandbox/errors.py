"""What the sandbox's own API refuses; what simulated hosts refuse is said in their own words."""

from litestar.openapi import ResponseSpec
from msgspec import Struct

from kernel.errors import YiwangError


class UnknownHereError(YiwangError):
    """The sandbox has no such resident, host app, mini-program, face check or address."""

    code = "SANDBOX_UNKNOWN"
    http_status = 404


class SandboxRefusedError(YiwangError):
    """The sandbox cannot do what was asked: a value is none of those it takes, or it is too late."""

    code = "SANDBOX_REFUSED"
    http_status = 422


class Problem(Struct, frozen=True):
    """An answer of the sandbox's own API that is no success."""

    code: str
    message: str
    fix: str


REFUSALS = {
    400: ResponseSpec(Problem, generate_examples=False, description="A part of the request is wrong."),
    404: ResponseSpec(Problem, generate_examples=False, description=UnknownHereError.__doc__ or ""),
    422: ResponseSpec(Problem, generate_examples=False, description=SandboxRefusedError.__doc__ or ""),
}
