"""How the simulated Baidu refuses, in the envelope of each of its parts."""

from typing import Any


class RefusalError(Exception):
    """An answer that is no success; ``envelope`` is its JSON."""

    def __init__(self, envelope: dict[str, Any]) -> None:
        super().__init__(str(envelope))
        self.envelope = envelope


def application(code: int, text: str, field: str = "errmsg") -> RefusalError:
    """Of the applications: ``errmsg``, or ``msg`` of those for messages and money."""
    return RefusalError({"errno": code, field: text, "data": []})


def gateway(code: int, text: str) -> RefusalError:
    """Of the gateway before the applications."""
    return RefusalError({"error_code": code, "error_msg": text})


def oauth(error: str, text: str) -> RefusalError:
    """Of the token and of the older session call."""
    return RefusalError({"error": error, "error_description": text})
