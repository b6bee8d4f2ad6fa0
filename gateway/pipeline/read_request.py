"""Stage 1: an HTTP request to a GraphQL request (GraphQL over HTTP, sections 4 and 5)."""

from typing import Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Raw, Struct

from gateway.errors import MediaTypeError, RequestError


class GraphQLRequest(Struct):
    """The parameters of a request; ``variables`` is still JSON, empty if absent, read when its types are known."""

    query: str
    operationName: str | None = None  # noqa: N815 - the protocol's name
    variables: Raw = Raw()
    extensions: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(GraphQLRequest).decode
_JSON = "application/json"
_EXAMPLE = 'Send {"query": "{ __typename }"} as application/json.'


def read_post(body: bytes, content_type: str) -> GraphQLRequest:
    """Read the body of a POST. Raises RequestError."""
    if content_type != _JSON:
        _check_media_type(content_type)
    try:
        request = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"The body is not a GraphQL request: {error}", fix=_EXAMPLE) from error
    return _checked(request)


def read_get(query_string: str) -> GraphQLRequest:
    """Read the URL's query of a GET. Raises RequestError."""
    given = {name: values[-1] for name, values in parse_qs(query_string, keep_blank_values=True).items()}
    if "query" not in given:
        raise RequestError("The URL has no parameter 'query'", fix="Send /graphql?query={__typename}, percent-encoded.")
    variables_json = Raw()
    if variables := given.get("variables"):
        try:
            variables_json = Raw(bytes(msgspec.json.decode(variables, type=Raw)))
        except (msgspec.DecodeError, RecursionError) as error:
            raise RequestError(
                f"The parameter 'variables' is not JSON: {error}", fix='Send {"name": value}.'
            ) from error
    return _checked(GraphQLRequest(given["query"], given.get("operationName") or None, variables_json))


def scope(query_string: str) -> str:
    """Return the services that the URL names for introspection, ``""`` if none."""
    return parse_qs(query_string).get("services", [""])[-1]


def _check_media_type(content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != _JSON:
        raise MediaTypeError(f"The body's media type is {kind or 'not given'}", fix=_EXAMPLE)
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "').lower()
    if charset not in ("", "utf-8", "utf8"):
        raise MediaTypeError(f"The body's charset is {charset}", fix="Send UTF-8.")


def _checked(request: GraphQLRequest) -> GraphQLRequest:
    text = bytes(request.variables)
    if text == b"null":
        request.variables = Raw()
    elif text and not text.startswith(b"{"):
        raise RequestError("'variables' is not a JSON object", fix='Send {"variables": {"name": value}}.')
    return request
