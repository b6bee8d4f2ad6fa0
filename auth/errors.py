"""Why somebody is not let in."""

from kernel.errors import YiwangError


class AssuranceUnknownError(YiwangError):
    """A proof or a method of signing in that no table of assurance knows."""

    code = "ASSURANCE_UNKNOWN"
    http_status = 422


class MoveRefusedError(YiwangError):
    """What was asked for does not follow from the state that the thing is in; the fix names what does."""

    code = "MOVE_REFUSED"
    http_status = 409


class CredentialRefusedError(YiwangError):
    """No credential, or one that is unknown, wrong or revoked: the answer does not say which."""

    code = "CREDENTIAL_REFUSED"
    http_status = 401
