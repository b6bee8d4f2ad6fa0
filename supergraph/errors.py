"""What can be wrong with a department's answer.

None is raised: each stands at its field in the response, beside the rest of the answer.
"""

from kernel.errors import YiwangError


class AnswerStatusError(YiwangError):
    """The department refused; ``extensions`` has its ``status``, and its ``problem`` if it says one."""

    code = "UPSTREAM_STATUS"
    http_status = 502


class AnswerValueError(YiwangError):
    """A value in the department's answer does not have its documented type."""

    code = "UPSTREAM_BAD_VALUE"
    http_status = 502
