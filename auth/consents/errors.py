"""Why a purpose or an agreement to it cannot be taken as it is."""

from kernel.errors import YiwangError


class PurposeInvalidError(YiwangError):
    """The wording of a purpose lacks something that people have to be told."""

    code = "PURPOSE_INVALID"
    http_status = 422


class UnknownPurposeError(YiwangError):
    """No purpose of this name or version is registered."""

    code = "PURPOSE_UNKNOWN"
    http_status = 404


class PurposeOutdatedError(YiwangError):
    """What was agreed to is no longer the wording in force: show the new one."""

    code = "PURPOSE_OUTDATED"
    http_status = 409


class ConsentRefusedError(YiwangError):
    """An agreement that does not count, or cannot be withdrawn, as it was sent; ``rule`` names which rule says so."""

    code = "CONSENT_REFUSED"
    http_status = 422

    def __init__(self, message: str, *, rule: str, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.rule = rule


class ConsentNeededError(YiwangError):
    """The resident has not agreed to what something uses their data for, or no longer."""

    code = "CONSENT_NEEDED"
    http_status = 403
