"""What the gateway itself refuses, before or instead of asking a department."""

from collections.abc import Sequence
from typing import Any

from kernel.errors import YiwangError
from kernel.logs import request_id


class DefectError(YiwangError):
    """A defect of the platform; the log has it under the id of the current request."""

    def __init__(self) -> None:
        super().__init__(f"Something is wrong with the platform; its log knows this request as {request_id.get()}")


class RequestError(YiwangError):
    """The request, or its body, cannot be read: the message says where."""

    code = "BAD_REQUEST"
    http_status = 400


class RequestTooLargeError(RequestError):
    """The body is longer than the limit."""

    code = "REQUEST_TOO_LARGE"
    http_status = 413


class MediaTypeError(RequestError):
    """The body has a media type that is not understood."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    http_status = 415


class NotAcceptableError(RequestError):
    """The client accepts none of the answer's media types."""

    code = "NOT_ACCEPTABLE"
    http_status = 406


class MethodError(RequestError):
    """The HTTP method does not fit: only POST may change anything."""

    code = "METHOD_NOT_ALLOWED"
    http_status = 405


class OperationError(YiwangError):
    """The request is well-formed, and its operation is not carried out: with ``application/json`` that is a 200.

    GraphQL over HTTP, section 6.4.1. Its subclasses say why.
    """

    http_status = 400


class ParseError(OperationError):
    """The document is not GraphQL: its syntax is wrong."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationError(OperationError):
    """The document does not fit the graph, or breaks a rule of GraphQL."""

    code = "GRAPHQL_VALIDATION_FAILED"


class VariablesError(OperationError):
    """The variables do not fit the types that the operation declares."""

    code = "BAD_VARIABLES"


class OperationLimitError(OperationError):
    """The operation asks for more than one request may."""

    code = "OPERATION_TOO_LARGE"


class OperationCostError(OperationError):
    """The operation's calls cost more points than one request may; `extensions` have cost, limit and dearest fields."""

    code = "OPERATION_TOO_COSTLY"

    def __init__(self, cost: int, limit: int, dearest: Sequence[tuple[str, int]]) -> None:
        named = ", ".join(f"{field} costs {points}" for field, points in dearest)
        super().__init__(
            f"The operation costs {cost} points, and {limit} are the most: {named}",
            fix="Ask for shorter lists, or send it in parts.",
        )
        self._more = {"cost": cost, "limit": limit, "fields": [{"field": each[0], "cost": each[1]} for each in dearest]}

    @property
    def extensions(self) -> dict[str, Any]:
        return super().extensions | self._more


class IntrospectionScopeError(OperationError):
    """Too many services are live to introspect them all at once."""

    code = "INTROSPECTION_NEEDS_SCOPE"


class StaffRoleMissingError(YiwangError):
    """Whoever asks holds no role at the office's organisation, or above it, that lets them do this there."""

    code = "STAFF_ROLE_MISSING"
    http_status = 403


class SiteRequestRefusedError(YiwangError):
    """A site sent its resident with a request that can be answered to nobody; the message names OAuth's error."""

    code = "SITE_REQUEST_REFUSED"
    http_status = 400


class StreamsFullError(YiwangError):
    """An account, or the whole process, has as many streams open as it may."""

    code = "STREAMS_FULL"
    http_status = 429


class NotServedError(YiwangError):
    """Nothing is at the path, or not for this method; the status says which."""

    code = "HTTP_ERROR"
    http_status = 404
