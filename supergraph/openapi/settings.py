"""What a manifest may say of single operations."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from supergraph.findings import Finding
from supergraph.names import is_legal
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.report import Report
from supergraph.slice import Access, Level, ListSize, Privacy, PrivacyRule

_NAME = r"^[a-z][A-Za-z0-9]{0,79}\Z"


class OperationSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A manifest's word for one operation, keyed by its operationId or ``GET /path``.

    What is left out stays as the document and the compiler have it.
    """

    name: Annotated[
        str, Meta(pattern=_NAME, description="The field's name: a lower case letter, then letters and digits.")
    ] = ""
    kind: Annotated[
        Literal["query", "mutation"] | None,
        Meta(description="query for operations that change nothing, mutation for all others."),
    ] = None
    hide: Annotated[bool, Meta(description="true leaves the operation out of the graph.")] = False
    group: Annotated[
        str, Meta(pattern=_NAME, description="The field below the service that the operation stands in.")
    ] = ""
    access: Annotated[
        Level | Access | None, Meta(description="public, L1 to L4, or a mapping with level, scope, consent, purpose.")
    ] = None
    timeout_seconds: Annotated[float, Meta(gt=0, le=60, description="Seconds a call may take, up to 60.")] | None = None
    cost: Annotated[int, Meta(ge=1, le=100_000, description="Points that a call costs, 1 to 100000.")] = 1
    list_size: Annotated[
        ListSize | None,
        Meta(description="A mapping with arguments, a list, and assumed: the cost is multiplied by the list's size."),
    ] = None
    fresh_seconds: Annotated[
        Annotated[int, Meta(ge=0, le=31_536_000)] | None,
        Meta(description="Seconds that an answer may be used again, 0 to 31536000."),
    ] = None
    privacy: Annotated[
        Privacy | PrivacyRule | None,
        Meta(description="public, personal, sensitive, or a mapping with class and level (L1 to L4)."),
    ] = None
    description: Annotated[str, Meta(max_length=5000, description="Text in place of the document's.")] = ""


NO_SETTINGS = OperationSettings()


def access_of(given: Level | Access) -> Access:
    """Return the whole rule for its short form."""
    return given if isinstance(given, Access) else Access(given)


def settings_by_source(
    operations: Collection[ApiOperation], settings: Mapping[str, OperationSettings], report: Report
) -> tuple[dict[str, OperationSettings], list[Finding]]:
    """Return each operation's settings by its source, and an error for each key that does not fit one of its own.

    Such a key may have been meant to hide or guard an operation.
    """
    found: dict[str, OperationSettings] = {}
    misfits = [_fits_none(key, operations) for key in sorted(settings.keys() - _keys(operations))]
    names: set[tuple[str, str]] = set()
    for operation in operations:
        match [key for key in (operation.id, operation.source) if key in settings]:
            case [key]:
                found[operation.source] = _checked(key, settings[key], names, report)
            case [one, other]:
                message = f"the settings for {one!r} and for {other!r} are both of {operation.source}"
                misfits.append(Finding("error", "", message, "Put them under one of the two names."))
    return found, misfits


def _keys(operations: Iterable[ApiOperation]) -> set[str]:
    return {key for each in operations for key in (each.id, each.source) if key}


def _fits_none(key: str, operations: Iterable[ApiOperation]) -> Finding:
    near = difflib.get_close_matches(key, _keys(operations))
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    fix = f"Write the operationId or the method and path, as in `GET /lots/{{id}}`.{hint}"
    return Finding("error", "", f"the settings for {key!r} fit no operation", fix)


def _checked(key: str, settings: OperationSettings, names: set[tuple[str, str]], report: Report) -> OperationSettings:
    for what in ("name", "group"):
        value = getattr(settings, what)
        if value and not is_legal(value):
            message = f"the settings for {key!r} give the {what} {value!r}, which is no GraphQL name"
            report.warning("", message, "Use letters, digits and underscores, no digit first.")
            settings = msgspec.structs.replace(settings, **{what: ""})
    if settings.name and (settings.group, settings.name) in names:
        report.warning("", f"two operations are named {settings.name!r}", f"Give {key!r} a name of its own.")
        settings = msgspec.structs.replace(settings, name="")
    names.add((settings.group, settings.name))
    return settings
