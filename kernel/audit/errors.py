"""What can be wrong with the files that the audit log is verified with."""

from kernel.errors import YiwangError


class AnchorFileError(YiwangError):
    """A file of anchors cannot be read."""

    code = "AUDIT_ANCHORS_UNREADABLE"


class AuditKeyError(YiwangError):
    """The key that signs anchors, or one to verify them with, cannot be used."""

    code = "AUDIT_KEY_UNUSABLE"
