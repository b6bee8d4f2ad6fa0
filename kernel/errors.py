"""The one error tree: a stable code, an HTTP status, whether trying again helps, and what to do next.

Subclasses live beside the code that raises them (``<package>/errors.py``). Whatever is not in this tree is a
defect: clients see ``INTERNAL_ERROR`` and a request id, the log has the rest.
"""

from typing import Any, ClassVar


class YiwangError(Exception):
    """The root of every error that a client may see.

    ``message`` says what is wrong and where; ``fix`` says how to mend it. Both are shown to clients, so they
    never carry secrets or internals.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    @property
    def extensions(self) -> dict[str, Any]:
        """What programs read of it in the graph: its code, and what some classes add (GraphQL section 7.1.2)."""
        return {"code": self.code}

    @property
    def said(self) -> str:
        """What is wrong and how to mend it, as one text."""
        return f"{self.message.rstrip('.')}. {self.fix}" if self.fix else self.message
