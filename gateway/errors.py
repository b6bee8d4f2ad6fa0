"""What the gateway itself refuses, before or instead of asking a department."""

from kernel.errors import YiwangError


class RequestError(YiwangError):
    """The HTTP request is not a GraphQL request (GraphQL over HTTP, section 5)."""

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


class OperationLimitError(YiwangError):
    """The operation asks for more than one request may."""

    code = "OPERATION_TOO_LARGE"
    http_status = 400


class IntrospectionScopeError(YiwangError):
    """Too many services are live to introspect them all at once."""

    code = "INTROSPECTION_NEEDS_SCOPE"
    http_status = 400
