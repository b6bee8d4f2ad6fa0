"""What can be wrong with a publication, said so that its department can mend it."""

from collections.abc import Mapping, Sequence

from kernel.errors import YiwangError
from supergraph.broken import Broken
from supergraph.diff import Change
from supergraph.findings import Finding, and_more

_NAMED = 5  # of those who break, in a message; programs are given all


class PublishingError(YiwangError):
    """A publication was refused; nothing has changed. Its subclasses say why."""

    http_status = 422


class ManifestError(PublishingError):
    """The manifest cannot be used; ``findings`` has every defect."""

    code = "MANIFEST_INVALID"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(
            f"The manifest has a defect at {first.pointer or '/'}: {first.message}{and_more(findings)}", fix=first.fix
        )
        self.findings = tuple(findings)


class BundleError(PublishingError):
    """The documents cannot be taken."""

    code = "BUNDLE_INVALID"


class DocumentError(PublishingError):
    """Nothing of the document could be compiled; ``findings`` says why."""

    code = "DOCUMENT_INVALID"

    def __init__(self, message: str, findings: Sequence[Finding], *, fix: str = "") -> None:
        super().__init__(message, fix=fix or "Mend what the findings name and publish again.")
        self.findings = tuple(findings)


class TypeClashError(PublishingError):
    """The service would have types of the names that another live service's, or the platform's own, have."""

    code = "TYPE_NAMES_TAKEN"
    http_status = 409

    def __init__(self, service: str, clashes: Mapping[str, Sequence[str]], findings: Sequence[Finding] = ()) -> None:
        other, names = next(iter(clashes.items()))
        super().__init__(
            f"{service} and {other} would both have types named {', '.join(names[:5])}",
            fix="Choose another name for the service, or rename the schemas.",
        )
        self.findings = tuple(findings)


class BreakingChangeError(PublishingError):
    """Operations that work today would not work any more; ``broken`` has whose, as far as it is known."""

    code = "BREAKING_CHANGE"
    http_status = 409

    def __init__(
        self,
        service: str,
        changes: Sequence[Change],
        findings: Sequence[Finding] = (),
        broken: Sequence[Broken] = (),
    ) -> None:
        count = sum(change.level == "breaking" for change in changes)
        whom = "; ".join(each.said for each in broken[:_NAMED])
        more = f"; and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        unknown = " those who use it today, who are not all known: too little has been recorded so far"
        super().__init__(
            f"{service}: {count} change{'s' if count > 1 else ''} would break"
            + (f" {whom}{more}" if broken else unknown),
            fix="Look at the findings first: a defect there may be the cause. Else keep the old fields beside the new "
            "ones, or publish with --force once all clients are told.",
        )
        self.changes = tuple(changes)
        self.findings = tuple(findings)
        self.broken = tuple(broken)


class DocumentsRefusedError(PublishingError):
    """Documents of a front end do not fit the graph; ``findings`` has each one's errors. None is registered."""

    code = "DOCUMENTS_REFUSED"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(f"{first.pointer}: {first.message}{and_more(findings)}", fix=first.fix)
        self.findings = tuple(findings)


class NotYourClientError(PublishingError):
    """The app is unknown, or its documents are another department's to register."""

    code = "NOT_YOUR_CLIENT"
    http_status = 403


class NotYoursError(PublishingError):
    """The service, or the department of the manifest, is another one's."""

    code = "NOT_YOUR_DEPARTMENT"
    http_status = 403


class UnknownServiceError(PublishingError):
    """No such service or operation is live or, where a rollback asks, was ever published."""

    code = "UNKNOWN_SERVICE"
    http_status = 404


class UnknownVersionError(PublishingError):
    """The service has no such version, or none before the live one."""

    code = "UNKNOWN_VERSION"
    http_status = 404


class UnknownDepartmentError(PublishingError):
    """The operator has not added this department."""

    code = "UNKNOWN_DEPARTMENT"
    http_status = 404


class PublishedMeanwhileError(PublishingError):
    """Others published the same service again and again while this publication was compared with it."""

    code = "PUBLISHED_MEANWHILE"
    http_status = 409
    retryable = True


class CompilerFailedError(PublishingError):
    """The compiler needed too much time or memory, or stopped."""

    code = "COMPILER_FAILED"


class UpstreamUnknownError(PublishingError):
    """The upstream's host name cannot be resolved."""

    code = "UPSTREAM_UNKNOWN"


class BadDepartmentError(PublishingError):
    """The department cannot be added."""

    code = "DEPARTMENT_INVALID"
