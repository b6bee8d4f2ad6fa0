"""How an operator mends what a command is refused for, by error code.

The errors' own words are for whoever meets them most: residents, for those of signing on. A test walks the error tree:
each error of signing on that a command can meet stands here, or speaks to operators by itself.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kernel.errors import YiwangError

FIXES: Mapping[str, str] = MappingProxyType(
    {
        "ACCOUNT_CLOSED": "`yiwang account show` says more of it; what is frozen is opened by `yiwang account thaw`.",
        "ACCOUNT_UNKNOWN": "Look for a mistake in the id: the audit log and `yiwang mandate list` have ids.",
        "HOST_UNAVAILABLE": "Try again later, and look whether the service of YIWANG_IDENTITY_URL runs.",
        "HOST_OUTCOME_UNKNOWN": "Try again, and look whether the service of YIWANG_IDENTITY_URL runs.",
        "IDENTITY_DATA_REFUSED": "Compare name and ID number with the document.",
        "ID_NUMBER_CLAIMED": "If the account is theirs, have them show the code of `agentCode` on their phone, or have "
        "a face check made; if it is a stranger's, add --take-number.",
        "MANDATE_REFUSED": "Mend that and type the command again; `yiwang mandate grant --help` says what is wanted.",
        "MANDATE_UNKNOWN": "`yiwang mandate list` shows those of an account or a company.",
        "ONE_TIME_CODE_REFUSED": "Have them show a new one on their phone or page, and type it in within five minutes.",
        "SESSION_ENDED": "They have been signed out meanwhile: have them sign in on their phone and show a new code.",
        "TOO_MANY_ATTEMPTS": "Wait five minutes, and have a new code shown then.",
    }
)


def said(error: YiwangError) -> str:
    """Return what the operator reads of an error: what is wrong, and how they mend it."""
    fix = FIXES.get(error.code, error.fix)
    return f"{error.message}\n  {fix}" if fix else error.message
