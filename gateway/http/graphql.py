"""``/graphql``: GraphQL over HTTP, on plain values, so that any server can carry it at the least cost.

https://graphql.github.io/graphql-over-http/draft/
"""

import logging
from collections.abc import Callable
from time import perf_counter

from gateway.errors import DefectError, MethodError, RequestTooLargeError
from gateway.http.request_ids import HEADER, RequestIds
from gateway.permits import ACTING_FOR
from gateway.pipeline.authenticate import Authenticator
from gateway.pipeline.challenge import challenge
from gateway.pipeline.execute import Executor
from gateway.pipeline.plan import Planned, Planner
from gateway.pipeline.read_request import GraphQLRequest, read_get, read_post, scope
from gateway.pipeline.respond import JSON, caching, negotiate, refuse, respond
from gateway.recording import Sent
from kernel.errors import YiwangError
from kernel.http_server.request import Answer, Headers
from kernel.logs import request_id
from kernel.settings import Settings

_NOTHING_SAID: Headers = []

_log = logging.getLogger(__name__)


class GraphQLOverHTTP:
    """The endpoint of one gateway process. The counters are for metrics."""

    def __init__(
        self,
        planner: Planner,
        authenticator: Authenticator,
        executor: Executor,
        ids: RequestIds,
        settings: Settings,
        *,
        record: Callable[[Sent, str], None],
    ) -> None:
        self._planner = planner
        self._authenticator = authenticator
        self._executor = executor
        self._record = record
        self._max_bytes = settings.max_request_bytes
        self._logs = settings.access_log
        self._ids = ids
        self.requests = 0
        self.refused = 0

    async def __call__(self, method: str, query_string: bytes, headers: dict[bytes, bytes], body: bytes) -> Answer:
        """Answer one request; header names are lower case."""
        started = perf_counter()
        self.requests += 1
        identity = self._ids.id(headers.get(HEADER))
        request_id.set(identity)
        media_type, asked, kept = JSON, b"", _NOTHING_SAID
        try:
            media_type = negotiate(headers.get(b"accept", b""))
            request = self._read(method, query_string.decode("latin-1"), headers, body)
            services = scope(query_string.decode("latin-1")) if query_string else ""
            token = self._authenticator(headers)
            planned = await self._planner.plan(request, services)
            if method == "GET":
                _refuse_mutation(planned, request)
            mandate = headers.get(ACTING_FOR, b"").decode("latin-1")
            if planned.sent is not None:
                self._record(planned.sent, token.client_id if token is not None else "")
            outcome = await self._executor.execute(planned, request.variables, token, mandate)
            status, content_type, body = respond(outcome, media_type)
            asked = challenge(each.get("extensions", {}) for each in outcome.errors)
            if outcome.cache_control:
                kept = caching(outcome, method)
        except YiwangError as error:
            self.refused += 1
            status, content_type, body = refuse(error, media_type)
            asked = challenge([error.extensions])
        except Exception:  # noqa: BLE001 - the edge: logged, and the client learns under which id
            _log.exception("a request failed")
            status, content_type, body = refuse(DefectError(), media_type)
        if self._logs:
            milliseconds = round((perf_counter() - started) * 1000, 2)
            _log.info("request", extra={"status": status, "bytes": len(body), "milliseconds": milliseconds})
        reply = [(b"content-type", content_type), (HEADER, identity.encode()), *kept]
        if asked:
            reply.append((b"www-authenticate", asked))
        if status == MethodError.http_status:
            reply.append((b"allow", b"POST" if method == "GET" else b"GET, POST"))
        return status, reply, body

    def _read(self, method: str, query_string: str, headers: dict[bytes, bytes], body: bytes) -> GraphQLRequest:
        if len(body) > self._max_bytes:
            raise RequestTooLargeError(
                f"The request is longer than {self._max_bytes} bytes",
                fix="Send large values as variables of several requests, or raise YIWANG_MAX_REQUEST_BYTES.",
            )
        if method == "POST":
            request = read_post(body, headers.get(b"content-type", b"").decode("latin-1"))
        elif method == "GET":
            request = read_get(query_string)
        else:
            raise MethodError(f"{method} is not a way to send a GraphQL request", fix="Send POST, or GET for queries.")
        return request


def _refuse_mutation(planned: Planned, request: GraphQLRequest) -> None:
    if planned.plan is not None and planned.plan.kind != "query":
        raise MethodError(
            f"{request.operationName or 'The operation'} is a {planned.plan.kind}, which a GET must not carry out",
            fix="Send it by POST.",
        )
