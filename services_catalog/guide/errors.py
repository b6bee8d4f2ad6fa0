"""What the guide as a contract refuses."""

from collections.abc import Sequence
from typing import Any

from kernel.errors import YiwangError
from services_catalog.guide.demands import Beyond
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding

_FIX = "Ask for what the guide lists, or publish a new version of the entry first."


class GuideExceededError(YiwangError):
    """A department asks an applicant for what its published entry does not list, and the deployment refuses that."""

    code = "GUIDE_EXCEEDED"
    http_status = 409

    def __init__(self, entry: str, beyond: Sequence[Beyond]) -> None:
        super().__init__(
            f"The published entry {entry} does not allow it: {'; '.join(each.message for each in beyond)}",
            fix=_FIX,
        )
        self.entry = entry
        self.findings = tuple(
            Finding("error", pointer(f"/{each.kind}s", each.id), each.message, _FIX) for each in beyond
        )

    @property
    def extensions(self) -> dict[str, Any]:
        """Code, entry and what is not listed."""
        return {"code": self.code, "entry": self.entry, "beyond": [each.pointer for each in self.findings]}
