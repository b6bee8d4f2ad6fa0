"""Why nobody may act for somebody."""

from auth.decisions import Decision
from kernel.errors import YiwangError


class MandateRefusedError(YiwangError):
    """A mandate that is not to be given as asked for; ``rule`` names which rule refuses it."""

    code = "MANDATE_REFUSED"
    http_status = 422

    def __init__(self, decision: Decision, *, fix: str = "") -> None:
        super().__init__(decision.reason, fix=fix)
        self.rule = decision.rule


class UnknownMandateError(YiwangError):
    """There is no such mandate, or the one who asks is neither of its sides: the answer does not say which."""

    code = "MANDATE_UNKNOWN"
    http_status = 404


class NotRegisteredError(YiwangError):
    """A register does not say that the one who asks stands for whom they named; nor whether it knows those."""

    code = "REGISTER_NO_MATCH"
    http_status = 400
