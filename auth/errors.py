"""Why somebody is not let in."""

from kernel.errors import YiwangError


class CredentialRefusedError(YiwangError):
    """No credential, or one that is unknown, wrong or revoked: the answer does not say which."""

    code = "CREDENTIAL_REFUSED"
    http_status = 401
