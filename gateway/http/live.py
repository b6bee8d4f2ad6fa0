"""``/graphql/stream``: subscriptions by the GraphQL over SSE protocol, distinct connections mode.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md: POST or GET as ``/graphql`` takes them, answered with
``next`` events and ``complete``; what is wrong with an operation is a ``next`` event too. Beyond it each event has an
id by its content, so that who comes back with ``Last-Event-ID`` is not sent what they know; ``retry`` and comments are
the HTML standard's (section 9.2). Queries and mutations are for ``/graphql``.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
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
from litestar import route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from auth.errors import SignInNeededError
from auth.sessions.access_tokens import AccessToken
from gateway.errors import RequestTooLargeError, StreamsFullError
from gateway.http.departments import AnyRequest
from gateway.http.event_stream import Event, Streams, check_accepts, event, kept_alive, streamed
from gateway.pipeline.authenticate import Authenticator
from gateway.pipeline.execute import formatted
from gateway.pipeline.read_request import GraphQLRequest, read_get, read_post
from kernel.errors import YiwangError
from kernel.settings import Settings

PATH = "/graphql/stream"
MOST_OF_ONE = 5  # streams of one account in one process: its phones and its tabs
_MOST_ERRORS = 20
_COMPLETE = b"event: complete\ndata: \n\n"

Results = AsyncIterator[ExecutionResult]

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
        streams: Streams,
    ) -> None:
        self._schema = schema
        self._authenticator = authenticator
        self._context = context
        self._settings = settings
        self._streams = streams

    def handlers(self) -> list[HTTPRouteHandler]:
        """Return Litestar's handlers."""

        @route(PATH, http_method=[HttpMethod.GET, HttpMethod.POST], status_code=200)
        async def stream(request: AnyRequest) -> Stream:
            """Open a stream. Raises YiwangError for what is no request at all."""
            check_accepts(request)
            headers = {name.lower(): value for name, value in request.scope["headers"]}
            asked = await self._read(request)
            token = self._authenticator(headers)
            if token is None:
                raise SignInNeededError("Streams are for residents who are signed in", fix="Send the access token.")
            self._streams.refuse_if_full(token.sub, MOST_OF_ONE)
            return streamed(self._sent(token, asked, request.headers.get("last-event-id", "")))

        return [stream]

    async def _read(self, request: AnyRequest) -> GraphQLRequest:
        if request.method == "GET":
            return read_get(request.scope["query_string"].decode("latin-1"))
        body = await request.body()
        if len(body) > self._settings.max_request_bytes:
            raise RequestTooLargeError("The request is too long", fix="Send a shorter one.")
        return read_post(body, request.headers.get("content-type", ""))

    async def _sent(self, token: AccessToken, asked: GraphQLRequest, known: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a stream from its first to its last event."""
        try:
            with self._streams.counted(token.sub, MOST_OF_ONE):
                async with aclosing(kept_alive(self._events(token, asked), known)) as parts:
                    async for each in parts:
                        yield each
        except StreamsFullError as error:
            yield _next(_failed(error)).sent
        yield _COMPLETE

    async def _events(self, token: AccessToken, asked: GraphQLRequest) -> AsyncGenerator[Event, None]:
        """Yield each result; what the source raises is the last one."""
        begun = await self._begun(token, asked)
        if isinstance(begun, ExecutionResult):
            yield _next(begun)
            return
        try:
            async for result in begun:
                yield _next(result)
        except GraphQLError as error:
            yield _next(ExecutionResult(None, [error]))
        except YiwangError as error:
            yield _next(_failed(error))
        except Exception as error:  # noqa: BLE001 - the edge: logged, and the client learns that it is not at fault
            _log.exception("a stream failed")
            yield _next(ExecutionResult(None, [GraphQLError("Internal error", original_error=error)]))
        finally:
            with suppress(Exception):
                await begun.aclose()  # type: ignore[attr-defined]  # a generator's

    async def _begun(self, token: AccessToken, asked: GraphQLRequest) -> Results | ExecutionResult:
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


def _failed(error: YiwangError) -> ExecutionResult:
    return ExecutionResult(None, [GraphQLError(error.said, original_error=error)])


def _next(result: ExecutionResult) -> Event:
    body: dict[str, Any] = {} if result.data is None and result.errors else {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(each) for each in result.errors]
    return event("next", _encode(body))
