"""``/graphql/stream``: subscriptions by the GraphQL over SSE protocol, distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: POST or GET as ``/graphql`` takes them, answered with
``next`` events and ``complete``; what is wrong with an operation is a ``next`` event too. Beyond it each event has an
id by its content, so that who comes back with ``Last-Event-ID`` is not sent what they know; ``retry`` and comments are
the HTML standard's (section 9.2). Queries and mutations are for ``/graphql``.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationType,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)
from litestar import Request, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from auth.errors import SignInNeededError
from auth.sessions.access_tokens import AccessToken
from gateway.errors import NotAcceptableError, RequestTooLargeError, StreamsFullError
from gateway.pipeline.authenticate import Authenticator
from gateway.pipeline.execute import formatted
from gateway.pipeline.read_request import GraphQLRequest, read_get, read_post
from kernel.errors import YiwangError
from kernel.settings import Settings

PATH = "/graphql/stream"
RETRY_MILLISECONDS = 2000
QUIET_SECONDS = 15.0  # then a comment: below the 60 s after which load balancers close what is idle
MOST_OF_ONE = 5  # streams of one account in one process: its phones and its tabs
MOST = 2000  # streams of one process, a fifth of its connections
_MOST_ERRORS = 20
_COMPLETE = b"event: complete\ndata: \n\n"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # nginx would hold events back

AnyRequest = Request[Any, Any, Any]
Events = AsyncIterator[ExecutionResult]

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Live:
    """The streams of one gateway process."""

    def __init__(
        self,
        schema: GraphQLSchema,
        authenticator: Authenticator,
        context: Callable[[AccessToken | None], Any],
        settings: Settings,
    ) -> None:
        self._schema = schema
        self._authenticator = authenticator
        self._context = context
        self._settings = settings
        self._open: Counter[str] = Counter()

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @route(PATH, http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
        async def stream(request: AnyRequest) -> Stream:
            """Open a stream. Raises YiwangError for what is no request at all."""
            if "text/event-stream" not in request.headers.get("accept", ""):
                raise NotAcceptableError("This path answers with events", fix="Send Accept: text/event-stream.")
            headers = {name.lower(): value for name, value in request.scope["headers"]}
            asked = await self._read(request)
            token = self._authenticator(headers)
            if token is None:
                raise SignInNeededError("Streams are for residents who are signed in", fix="Send the access token.")
            self._refuse_if_full(token)
            known = request.headers.get("last-event-id", "")
            events = self._events(token, asked, known)
            return Stream(events, media_type="text/event-stream", headers=_HEADERS)

        return [stream]

    async def _read(self, request: AnyRequest) -> GraphQLRequest:
        if request.method == "GET":
            return read_get(request.scope["query_string"].decode("latin-1"))
        body = await request.body()
        if len(body) > self._settings.max_request_bytes:
            raise RequestTooLargeError("The request is too long", fix="Send a shorter one.")
        return read_post(body, request.headers.get("content-type", ""))

    def _refuse_if_full(self, token: AccessToken) -> None:
        if self._open[token.sub] >= MOST_OF_ONE or self._open.total() >= MOST:
            raise StreamsFullError(f"There are {MOST_OF_ONE} streams of yours, or {MOST} in all", fix="Close some.")

    async def _events(self, token: AccessToken, asked: GraphQLRequest, known: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a stream from its first to its last event.

        It counts from here on, for one that is not read, after HEAD, would never be given back. So of those that were
        let in at once some are refused here.
        """
        try:
            self._refuse_if_full(token)
        except StreamsFullError as error:
            yield _next(_failed(error))[1] + _COMPLETE
            return
        self._open[token.sub] += 1
        results: Events | None = None
        try:
            yield b"retry: %d\n\n" % RETRY_MILLISECONDS
            begun = await self._begun(token, asked)
            if isinstance(begun, ExecutionResult):
                yield _next(begun)[1]
            else:
                results = begun
                async for each in _kept_alive(results, known):
                    yield each
            yield _COMPLETE
        finally:
            self._open[token.sub] -= 1
            self._open += Counter()  # forgets those at nought
            if results is not None:
                with suppress(Exception):
                    await results.aclose()  # type: ignore[attr-defined]  # a generator's

    async def _begun(self, token: AccessToken, asked: GraphQLRequest) -> Events | ExecutionResult:
        """Return the results, or why there are none."""
        document, errors = self._document(asked.query)
        operation = get_operation_ast(document, asked.operationName) if document is not None else None
        if document is None or errors:
            return ExecutionResult(None, list(errors))
        if operation is None or operation.operation != OperationType.SUBSCRIPTION:
            return ExecutionResult(None, [GraphQLError("This path is for one subscription. Send others to /graphql.")])
        try:
            variables = msgspec.json.decode(bytes(asked.variables) or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return ExecutionResult(None, [GraphQLError(f"The variables cannot be read: {error}")])
        begun = subscribe(
            self._schema,
            document,
            context_value=self._context(token),
            variable_values=variables,
            operation_name=asked.operationName,
        )
        return await begun if asyncio.iscoroutine(begun) else begun  # type: ignore[return-value]  # awaited now

    def _document(self, text: str) -> tuple[DocumentNode | None, Sequence[GraphQLError]]:
        try:
            document = parse(text, max_tokens=self._settings.max_document_tokens)
        except GraphQLSyntaxError as error:
            return None, [error]
        return document, validate(self._schema, document, max_errors=_MOST_ERRORS)


async def _kept_alive(results: Events, known: str) -> AsyncIterator[bytes]:
    """Yield each result as an event, and comments while there is none. ``known`` is the id of what need not be sent."""
    coming: asyncio.Future[ExecutionResult] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(results))
            done, _ = await asyncio.wait({coming}, timeout=QUIET_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            result, coming = _result(coming), None
            if result is None:
                return
            identity, event = _next(result)
            if identity != known:
                yield event
            known = ""
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await coming


def _result(coming: "asyncio.Future[ExecutionResult]") -> ExecutionResult | None:
    """Return a result; what the source raised is the last one, and None its end."""
    try:
        return coming.result()
    except StopAsyncIteration:
        return None
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    except YiwangError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - the edge: logged, and the client learns that it is not at fault
        _log.exception("a stream failed")
        return ExecutionResult(None, [GraphQLError("Internal error", original_error=error)])


def _failed(error: YiwangError) -> ExecutionResult:
    return ExecutionResult(None, [GraphQLError(error.said, original_error=error)])


def _next(result: ExecutionResult) -> tuple[str, bytes]:
    """Return the id and the bytes of a ``next`` event."""
    body: dict[str, Any] = {} if result.data is None and result.errors else {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(each) for each in result.errors]
    data = _encode(body)
    identity = hashlib.sha256(data).hexdigest()[:16]
    return identity, b"event: next\nid: %b\ndata: %b\n\n" % (identity.encode(), data)
