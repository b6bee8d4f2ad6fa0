"""What a manifest may say of single operations."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from supergraph.names import is_legal
from supergraph.openapi.document import ApiOperation
from supergraph.openapi.report import Report


class OperationSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A manifest's word for one operation, keyed by its operationId or ``GET /path``."""

    name: str = ""
    kind: Literal["query", "mutation"] | None = None
    hide: bool = False
    group: str = ""
    timeout_seconds: float | None = None
    description: str = ""


NO_SETTINGS = OperationSettings()


def settings_by_source(
    operations: Iterable[ApiOperation], settings: Mapping[str, OperationSettings], report: Report
) -> dict[str, OperationSettings]:
    """Return each operation's settings by its source; keys that fit nothing are warnings."""
    found: dict[str, OperationSettings] = {}
    unused = set(settings)
    for operation in operations:
        for key in (operation.id, operation.source):
            if key in settings:
                unused.discard(key)
                found[operation.source] = _checked(key, settings[key], report)
    for key in sorted(unused):
        fix = "Write the operationId or the method and path, as in `GET /lots/{id}`."
        report.warning("", f"the settings for {key!r} fit no operation", fix)
    return found


def _checked(key: str, settings: OperationSettings, report: Report) -> OperationSettings:
    for what in ("name", "group"):
        value = getattr(settings, what)
        if value and not is_legal(value):
            message = f"the settings for {key!r} give the {what} {value!r}, which is no GraphQL name"
            report.warning("", message, "Use letters, digits and underscores, no digit first.")
            settings = msgspec.structs.replace(settings, **{what: ""})
    return settings
