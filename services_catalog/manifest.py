"""The manifest by which a department publishes a service: ``service.yaml``, described in docs/publishing.md.

Reading is strict and complete: every defect is named at once, each with its JSON pointer and how to mend it.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from kernel.control_characters import CONTROL
from services_catalog.bundle import is_inside
from services_catalog.errors import ManifestError
from services_catalog.strict_reading import defects, pointer
from supergraph.described import for_whom
from supergraph.findings import Finding
from supergraph.openapi.policy import rule_of
from supergraph.openapi.settings import OperationSettings, access_of
from supergraph.slice import RANK, Access, Level, Privacy, PrivacyRule

REFERENCE = "docs/publishing.md describes every key."

DepartmentName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]{1,39}\Z",
        description="The department's name as the operator added it: lower case letters, digits and hyphens.",
    ),
]
ServiceName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][A-Za-z0-9]{0,39}\Z",
        description="The service's field in the graph: a lower case letter, then letters and digits, such as busTimes.",
    ),
]
FieldKey = Annotated[
    str,
    Meta(pattern=r"^(\*|[A-Z][A-Za-z0-9_]*)\..+\Z", max_length=400, description="Type.field, or *.field for any type."),
]
FieldPrivacy = Annotated[
    Privacy | PrivacyRule,
    Meta(description="public, personal, sensitive, or a mapping with class and level (L1 to L4)."),
]
Line = Annotated[str, Meta(min_length=1, max_length=200, description="One line of text.")]
_LONG_TEXT = "/description"  # may have several lines
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2, token
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 section 5.5, field-value
_OWN_HEADERS = {
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "te",
    "upgrade",
    "yiwang-identity",
}


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    zh: Line
    en: Line


class LongText(Struct, frozen=True, forbid_unknown_fields=True):
    """A longer text in both languages."""

    zh: Annotated[str, Meta(max_length=5000, description="Text, up to 5,000 characters.")]
    en: Annotated[str, Meta(max_length=5000, description="Text, up to 5,000 characters.")]


class Upstream(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the department's own API runs and how it wants to be called."""

    url: Annotated[
        str, Meta(max_length=2000, description="The https:// or http:// URL below which the document's paths are.")
    ]
    headers: Annotated[
        dict[str, Annotated[str, Meta(max_length=8000, description="Text, or ${NAME} for an environment variable.")]],
        Meta(max_length=20, description="Headers sent with every call, such as an API key."),
    ] = {}
    timeout_seconds: Annotated[float, Meta(gt=0, le=60, description="Seconds a call may take, up to 60.")] = 10.0
    connections: Annotated[int, Meta(ge=1, le=1000, description="Connections of each gateway process, 1 to 1000.")] = 64
    retries: Annotated[int, Meta(ge=0, le=5, description="Times a failed safe call is tried again, 0 to 5.")] = 2
    max_body_bytes: Annotated[
        int, Meta(ge=1024, le=2**28, description="The largest answer that is read, in bytes, up to 268435456.")
    ] = 16 * 2**20

    def __repr__(self) -> str:
        return f"Upstream(url={self.url!r}, headers={sorted(self.headers)})"  # the headers' values are secrets


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One service as its department describes it."""

    department: DepartmentName
    name: ServiceName
    title: Text
    description: LongText | None = None
    document: Annotated[
        str, Meta(min_length=1, max_length=400, description="The API document's path, relative to this file.")
    ]
    upstream: Upstream
    access: Annotated[
        Level | Access,
        Meta(
            description="Who may use the operations that do not say themselves: public for everybody, L1 to L4 for "
            "residents known so surely, or a mapping with level, scope, consent and purpose."
        ),
    ] = "L2"
    operations: Annotated[
        dict[str, OperationSettings],
        Meta(description="Settings by operationId, or by method and path such as GET /lots/{id}."),
    ] = {}
    fields: Annotated[
        dict[FieldKey, FieldPrivacy],
        Meta(
            description="Privacy of single fields of answers, by Type.field as in the graph, or *.field for any type."
        ),
    ] = {}
    entries: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=400, description="A file's path.")], ...],
        Meta(max_length=50, description="Files of catalogue entries, relative to this file and below its folder."),
    ] = ()


def read(raw: Any) -> Manifest:
    """Check a decoded manifest. Raises ManifestError with every defect."""
    findings = [*defects(raw, Manifest, "", REFERENCE)]
    if not findings:
        manifest = msgspec.convert(raw, Manifest)
        manifest = msgspec.structs.replace(manifest, document=posixpath.normpath(manifest.document))
        findings = [*_control_defects(raw, ""), *_header_defects(manifest.upstream.headers), *_access_defects(manifest)]
        findings += _sensitive_defects(manifest)
        findings += _entry_file_defects(manifest.entries)
    if findings:
        raise ManifestError(findings)
    return manifest


def _control_defects(raw: Any, at: str) -> Iterator[Finding]:
    """Refuse control characters in whatever is shown or stored; headers have rules of their own."""
    if isinstance(raw, dict) and at != "/upstream/headers":
        for key, value in raw.items():
            yield from _control_defects(key, at)
            yield from _control_defects(value, pointer(at, key))
    elif isinstance(raw, str):
        found = CONTROL.search(raw.replace("\n", "") if _LONG_TEXT in at else raw)
        if found:
            fix = "Leave it out." if _LONG_TEXT in at else "Write one line, without control characters."
            yield Finding("error", at, f"the text holds the control character U+{ord(found[0]):04X}", fix)


def _access_defects(manifest: Manifest) -> Iterator[Finding]:
    """Refuse what nobody can meet: a scope or a consent of whoever is not asked who they are."""
    rules: dict[str, Level | Access | None] = {"/access": manifest.access}
    rules |= {pointer("/operations", key) + "/access": each.access for key, each in manifest.operations.items()}
    for at, rule in rules.items():
        if isinstance(rule, Access) and rule.level == "public" and (rule.scope or rule.consent):
            yield Finding("error", at, "a stranger has neither scopes nor given consent", "Write L1 instead of public.")


def _sensitive_defects(manifest: Manifest) -> Iterator[Finding]:
    """Refuse an operation for those who are not known well enough for its answers."""
    for key, each in manifest.operations.items():
        needs = rule_of(each.privacy).needs if each.privacy is not None else "public"
        access = access_of(manifest.access if each.access is None else each.access)
        if RANK[access.level] < RANK[needs] and not each.hide:
            at = pointer("/operations", key) + "/privacy"
            message = f"the answers need {needs}, and the operation is for {for_whom(access)}"
            fix = (
                f"Give the operation `access: {needs}`, or say with `privacy: {{class: ..., level: L2}}` what suffices."
            )
            yield Finding("error", at, message, fix)


def _entry_file_defects(files: Sequence[str]) -> Iterator[Finding]:
    for at, path in enumerate(files):
        if not is_inside(posixpath.normpath(path)):
            fix = "Move the file there, and write its path with /."
            yield Finding("error", pointer("/entries", at), f"{path!r} is not below the manifest's folder", fix)
        elif path in files[:at]:
            yield Finding("error", pointer("/entries", at), f"{path!r} stands there twice", "Leave one of them out.")


def _header_defects(headers: dict[str, str]) -> Iterator[Finding]:
    for name, value in headers.items():
        at = pointer("/upstream/headers", name)
        if not _HEADER_NAME.fullmatch(name):
            yield Finding("error", at, "this is no header name", "Use letters, digits and hyphens.")
        elif name.lower() in _OWN_HEADERS:
            yield Finding("error", at, "this header is the gateway's own", "Leave it out.")
        if not _HEADER_VALUE.fullmatch(value):
            yield Finding("error", at, "the value holds characters that no header may hold", "Use one line of ASCII.")
