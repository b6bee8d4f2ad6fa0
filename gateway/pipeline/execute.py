"""Stage 3: a plan and a request's variables to the answer's data and errors.

Queries fetch everything at once, mutations one after the other. A fetch that fails gives null and an error at its
root field and touches nothing else.
"""

import asyncio
import logging
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError, execute
from msgspec import Raw, Struct

from gateway.errors import OperationLimitError
from gateway.pipeline.plan import Planned
from gateway.upstream.errors import UpstreamError
from gateway.upstreams import Upstreams
from kernel.errors import YiwangError
from supergraph.answers import Value
from supergraph.complete import Error
from supergraph.plan import Fetch, LocalPart, Plan, Variant
from supergraph.requests.errors import ArgumentError
from supergraph.wire import Request, Response

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Outcome(Struct):
    """What an operation gave. ``data`` None: nothing was executed (then there are errors); ``b"null"`` if it nulled."""

    data: bytes | None
    errors: list[Error]


class Executor:
    """Executes plans for one gateway process. ``context`` is what the platform's own resolvers are given."""

    def __init__(self, upstreams: Upstreams, context: Any, request_seconds: float, max_fetches: int) -> None:
        self._upstreams = upstreams
        self._context = context
        self._request_seconds = request_seconds
        self._max_fetches = max_fetches
        self._now = asyncio.get_running_loop().time

    async def execute(self, planned: Planned, raw_variables: Raw) -> Outcome:
        """Carry out a planned operation. Raises OperationLimitError."""
        plan = planned.plan
        if plan is None:
            return Outcome(None, [formatted(error) for error in planned.errors])
        variables, errors = plan.variables.coerce(raw_variables)
        if errors:
            return Outcome(None, [formatted(error) for error in errors])
        try:
            variant = plan.variant(variables)
        except GraphQLError as error:  # a condition's variable is null
            return Outcome(b"null", [formatted(error)])
        fetches = variant.fetches
        deadline = self._now() + self._request_seconds
        run = _Run(self._upstreams, variables, deadline, may_repeat=variant.may_repeat)
        if len(fetches) == 1 and variant.local is None:
            value, found = await run.fetch(fetches[0])
            return Outcome(b"".join([value if chunk is fetches[0] else chunk for chunk in variant.chunks]), found)  # type: ignore[misc]  # the other chunks are bytes
        if len(fetches) > self._max_fetches:
            raise OperationLimitError(
                f"The operation calls departments {len(fetches)} times; {self._max_fetches} is the most",
                fix="Send it in parts.",
            )
        values = await _all_fetches(run, plan, fetches)
        return await self._assembled(variant, values, raw_variables)

    async def _assembled(self, variant: Variant, values: dict[Fetch, Value], raw_variables: Raw) -> Outcome:
        errors = [error for fetch in variant.fetches for error in values[fetch][1]]
        local: dict[str, Any] = {}
        if variant.local is not None:
            result = await _execute_locally(variant.local, raw_variables, self._context)
            errors += [formatted(error) for error in result.errors or ()]
            if result.data is None:
                return Outcome(b"null", errors)
            local = result.data
        parts = []
        for chunk in variant.chunks:
            if isinstance(chunk, bytes):
                parts.append(chunk)
            elif isinstance(chunk, str):
                parts.append(_encode(local[chunk]))
            else:
                parts.append(values[chunk][0])
        return Outcome(b"".join(parts), errors)


async def _all_fetches(run: "_Run", plan: Plan, fetches: list[Fetch]) -> dict[Fetch, Value]:
    if plan.kind == "mutation":
        return {fetch: await run.fetch(fetch) for fetch in fetches}
    tasks = [asyncio.create_task(run.fetch(fetch)) for fetch in fetches]
    try:
        values = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    return dict(zip(fetches, values, strict=True))


class _Run:
    """One request's fetches. Equal safe requests are sent once if the plan ``may_repeat`` them."""

    def __init__(self, upstreams: Upstreams, variables: dict[str, Any], deadline: float, *, may_repeat: bool) -> None:
        self._upstreams = upstreams
        self._variables = variables
        self._deadline = deadline
        self._calls: dict[tuple[str, Request], asyncio.Task[Response]] | None = {} if may_repeat else None

    async def fetch(self, fetch: Fetch) -> Value:
        """Ask one department and return the root field's value, null and an error if it fails."""
        try:
            request = fetch.request(self._variables)
            response = await (self._send if self._calls is None or not fetch.safe else self._send_once)(fetch, request)
        except (UpstreamError, ArgumentError) as error:
            return fetch.failed(f"{error.message}. {error.fix}" if error.fix else error.message, error.code)
        except GraphQLError as error:
            return fetch.failed(error.message, ArgumentError.code)
        return fetch.read(response)

    async def _send(self, fetch: Fetch, request: Request) -> Response:
        deadline = self._deadline
        if fetch.timeout_seconds is not None:
            deadline = min(deadline, asyncio.get_running_loop().time() + fetch.timeout_seconds)
        return await self._upstreams.get(fetch.service).call(request, deadline)

    async def _send_once(self, fetch: Fetch, request: Request) -> Response:
        assert self._calls is not None  # noqa: S101 - see ``fetch``
        key = (fetch.service, request)
        task = self._calls.get(key)
        if task is None:
            task = self._calls[key] = asyncio.create_task(self._send(fetch, request))
        return await task


async def _execute_locally(part: LocalPart, raw_variables: Raw, context: Any) -> ExecutionResult:
    inputs = _decode(bytes(raw_variables) or b"{}")
    result = execute(part.schema, part.document, context_value=context, variable_values=inputs)
    return result if isinstance(result, ExecutionResult) else await result


def formatted(error: GraphQLError) -> Error:
    """Return an error in GraphQL's response form; what is not meant for clients is masked and logged."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return {**error.formatted}
    if isinstance(cause, YiwangError):
        shown = GraphQLError(cause.message, error.nodes, path=error.path, extensions={"code": cause.code})
        return {**shown.formatted}
    _log.error("a resolver failed", exc_info=cause)
    masked = GraphQLError("Internal error", error.nodes, path=error.path, extensions={"code": "INTERNAL_ERROR"})
    return {**masked.formatted}
