"""Stage 4: an outcome to an HTTP response: media type, status and body (GraphQL over HTTP, section 6)."""

import re

import msgspec

from gateway.errors import NotAcceptableError, OperationError
from gateway.pipeline.execute import Outcome
from kernel.errors import YiwangError
from supergraph.plan import NO_STORE

GRAPHQL = b"application/graphql-response+json"
JSON = b"application/json"

_CONTENT_TYPES = {kind: kind + b"; charset=utf-8" for kind in (GRAPHQL, JSON)}
_NOT_STORED = [(b"cache-control", NO_STORE)]
_MAX_ACCEPTS = 256  # different Accept headers that are remembered

_WEIGHT = re.compile(r"(0(\.[0-9]{0,3})?|1(\.0{0,3})?)")  # RFC 9110 section 12.4.2

_encode = msgspec.json.Encoder().encode
_known: dict[bytes, bytes] = {}


def negotiate(accept: bytes) -> bytes:
    """Return the media type for an Accept header. Raises NotAcceptableError."""
    known = _known.get(accept)
    if known is None:
        known = _negotiated(accept)
        if len(_known) < _MAX_ACCEPTS:
            _known[accept] = known
    return known


def _negotiated(accept: bytes) -> bytes:
    """Choose by the client's weights, then by the order in which it names them (RFC 9110 section 12.5.1)."""
    weights: dict[str, float] = {}
    for part in (accept.decode("latin-1").lower() or "*/*").split(","):
        kind, *parameters = [item.strip() for item in part.split(";")]
        weights[kind] = _weight(next((item[2:] for item in parameters if item.startswith("q=")), "1"))
    if weights.get(JSON.decode()) == 0:
        weights = {kind: weight for kind, weight in weights.items() if "*" not in kind}
    for kind, weight in sorted(weights.items(), key=lambda item: -item[1]):
        if weight > 0 and kind == GRAPHQL.decode():
            return GRAPHQL
        if weight > 0 and kind in (JSON.decode(), "application/*", "*/*"):
            return JSON
    raise NotAcceptableError(
        "The client accepts none of the answer's media types",
        fix="Send Accept: application/graphql-response+json, or application/json.",
    )


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 0.0


def respond(outcome: Outcome, media_type: bytes) -> tuple[int, bytes, bytes]:
    """Return status, content type and body.

    With ``application/json`` every well-formed request is answered 200; with ``application/graphql-response+json``
    one that could not be executed is answered 400 (section 6.4).
    """
    content_type = _CONTENT_TYPES[media_type]
    if outcome.data is None:
        return (400 if media_type == GRAPHQL else 200), content_type, b'{"errors":%s}' % _encode(outcome.errors)
    if outcome.errors:
        return 200, content_type, b'{"data":%s,"errors":%s}' % (outcome.data, _encode(outcome.errors))
    return 200, content_type, b'{"data":%s}' % outcome.data


def caching(outcome: Outcome, method: str) -> list[tuple[bytes, bytes]]:
    """Return the headers that say who may keep the answer: nobody what is somebody's, and for a while what is not."""
    said = outcome.cache_control
    if said == NO_STORE:
        return _NOT_STORED
    if said and method == "GET" and outcome.data is not None and not outcome.errors:
        return [(b"cache-control", said), (b"vary", b"accept")]
    return []


def refuse(error: YiwangError, media_type: bytes) -> tuple[int, bytes, bytes]:
    """Return the response to what is no GraphQL request, or cannot be served as one."""
    body = {"message": error.said, "extensions": error.extensions}
    status = 200 if media_type == JSON and isinstance(error, OperationError) else error.http_status
    return status, _CONTENT_TYPES[media_type], _encode({"errors": [body]})
