"""Collects what a compiler has to say about a document, each remark once."""

from supergraph.findings import Finding
from supergraph.openapi.node import Node


class Report:
    """The findings so far, in the order they were found."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    def error(self, at: Node | str, message: str, fix: str) -> None:
        """Something that costs the document or the operation."""
        self._findings[Finding("error", _place(at), message, fix)] = None

    def warning(self, at: Node | str, message: str, fix: str) -> None:
        """Something that costs nothing, or a part."""
        self._findings[Finding("warning", _place(at), message, fix)] = None


def _place(at: Node | str) -> str:
    return at if isinstance(at, str) else at.place
