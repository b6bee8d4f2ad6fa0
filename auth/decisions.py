"""What a rule answers: every decision says by which rule it was made, so that people and the audit log can ask why."""

from msgspec import Struct


class Decision(Struct, frozen=True):
    """Whether something may be done. ``rule`` is stable: clients and logs rely on it; ``reason`` is for people.

    A decision is true exactly when it allows, so ``if not may_merge(...)`` reads as it acts.
    """

    allowed: bool
    rule: str
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


def allow(rule: str, reason: str) -> Decision:
    """Return a decision that allows."""
    return Decision(allowed=True, rule=rule, reason=reason)


def refuse(rule: str, reason: str) -> Decision:
    """Return a decision that refuses."""
    return Decision(allowed=False, rule=rule, reason=reason)
