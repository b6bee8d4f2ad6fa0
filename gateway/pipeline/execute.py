"""Stage 3: a plan and a request's variables to the answer's data and errors.

Queries fetch everything at once, mutations one after the other. A fetch that fails gives null and an error at its
root field and touches nothing else.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError, execute
from msgspec import Raw, Struct

from auth.assertions import HEADER
from auth.consents.errors import ConsentNeededError, UnknownPurposeError
from auth.errors import AccountClosedError, SessionEndedError
from auth.mandates.errors import MandateRefusedError, UnknownMandateError
from auth.policies import refusal
from auth.sessions.access_tokens import AccessToken
from gateway.callers import Callers
from gateway.errors import OperationLimitError, ParseError, ValidationError, VariablesError
from gateway.guide import Guide
from gateway.kept_values import KeptValues
from gateway.permits import Asked, Permits
from gateway.pipeline.limit import check_cost, check_numbers
from gateway.pipeline.plan import Planned
from gateway.pipeline.rows import RowExecutor
from gateway.upstream.errors import UpstreamError
from gateway.upstreams import Upstreams
from kernel.errors import YiwangError
from kernel.settings import Settings
from services_catalog.guide.errors import GuideExceededError
from services_catalog.organisations.errors import UnknownOrganisationError
from services_catalog.reading.shelf import CatalogueUnavailableError
from services_catalog.search.errors import CursorError
from supergraph.answers import Value
from supergraph.complete import Error
from supergraph.plan import Fetch, LocalPart, Plan, Variant
from supergraph.requests.errors import ArgumentError
from supergraph.wire import Request, Response

_LONG_BYTES = 2**18  # of one answer: 1 ms to read for the codec, 30 ms if it breaks its document and must be walked
_MOST_BYTES = 2**26  # of one request's long answers, together

_COST_A_FIELD = (
    UpstreamError,
    ArgumentError,
    SessionEndedError,
    AccountClosedError,
    ConsentNeededError,
    UnknownPurposeError,
    MandateRefusedError,
    UnknownMandateError,
    CatalogueUnavailableError,
    CursorError,
    UnknownOrganisationError,
)

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Outcome(Struct):
    """What an operation gave. ``data`` None: nothing was executed (then there are errors); ``b"null"`` if it nulled.

    ``cache_control`` says who may keep an answer without errors for how long, empty if nobody knows.
    """

    data: bytes | None
    errors: list[Error]
    cache_control: bytes = b""


class Ways(NamedTuple):
    """What a fetch goes through: who may, who is said to ask, and the department."""

    upstreams: Upstreams
    callers: Callers
    permits: Permits
    kept: KeptValues
    guide: Guide


class Bearer(NamedTuple):
    """Who sends a request; ``mandate`` is what they name to act for somebody else by, as it was sent."""

    token: AccessToken | None
    mandate: str


class Executor:
    """Executes plans for one gateway process. ``context`` makes what the platform's own resolvers are given."""

    def __init__(self, ways: Ways, context: Callable[[AccessToken | None], Any], settings: Settings) -> None:
        self._ways = ways
        self._context = context
        self._request_seconds = settings.request_seconds
        self._max_fetches = settings.max_fetches
        self._max_cost = settings.max_cost
        self._now = asyncio.get_running_loop().time

    async def execute(
        self, planned: Planned, raw_variables: Raw, token: AccessToken | None, mandate: str = ""
    ) -> Outcome:
        """Carry out a planned operation for the bearer of ``token``, by a mandate.

        Raises OperationLimitError, OperationCostError.
        """
        plan = planned.plan
        if plan is None:
            return Outcome(None, [_refusal(error) for error in planned.errors])
        variables, errors = plan.variables.coerce(raw_variables)
        if errors:
            return Outcome(None, [_coded(error, VariablesError) for error in errors])
        try:
            variant = plan.variant(variables)
        except GraphQLError as error:  # a condition's variable is null
            return Outcome(b"null", [_coded(error, VariablesError)])
        if variant.points > self._max_cost or variant.sized:
            check_cost(variant, variables, self._max_cost)
        fetches = variant.fetches
        deadline = self._now() + self._request_seconds
        bearer = Bearer(token, mandate)
        run = _Run(self._ways, variables, deadline, bearer, may_repeat=variant.may_repeat)
        if len(fetches) == 1 and variant.local is None:
            value, found = await run.fetch(fetches[0])
            data = b"".join([value if chunk is fetches[0] else chunk for chunk in variant.chunks])  # type: ignore[misc]  # the other chunks are bytes
            return Outcome(data, found, variant.cache_control)
        check_numbers(plan.kind, variant, self._max_fetches)
        tasks = _started(run, plan, fetches)
        try:
            local = None
            if variant.local is not None:
                local = await _execute_locally(variant.local, raw_variables, self._context(token))
            values = dict(zip(fetches, await asyncio.gather(*tasks), strict=True))
        except BaseException:
            for task in tasks:
                task.cancel()
            raise
        return _assembled(variant, values, local)


def _started(run: "_Run", plan: Plan, fetches: list[Fetch]) -> list[asyncio.Task[Value]]:
    """Start a query's fetches all at once, a mutation's each when the one before it has ended."""
    if plan.kind != "mutation":
        return [asyncio.create_task(run.fetch(fetch)) for fetch in fetches]
    tasks: list[asyncio.Task[Value]] = []
    for fetch in fetches:
        tasks.append(asyncio.create_task(run.fetch(fetch, after=tasks[-1] if tasks else None)))
    return tasks


def _assembled(variant: Variant, values: dict[Fetch, Value], local: ExecutionResult | None) -> Outcome:
    errors = [error for fetch in variant.fetches for error in values[fetch][1]]
    own: dict[str, Any] = {}
    if local is not None:
        errors += [formatted(error) for error in local.errors or ()]
        if local.data is None:
            return Outcome(b"null", errors, variant.cache_control)
        own = local.data
    parts = []
    for chunk in variant.chunks:
        if isinstance(chunk, bytes):
            parts.append(chunk)
        elif isinstance(chunk, str):
            parts.append(_encode(own[chunk]))
        else:
            parts.append(values[chunk][0])
    return Outcome(b"".join(parts), errors, variant.cache_control)


class _Run:
    """One request's fetches. Equal safe requests are sent once if the plan ``may_repeat`` them.

    The answers of all together are bounded, and long ones are read in a thread, where they hold up nobody else.
    """

    def __init__(
        self,
        ways: Ways,
        variables: dict[str, Any],
        deadline: float,
        bearer: Bearer,
        *,
        may_repeat: bool,
    ) -> None:
        self._ways = ways
        self._bearer = bearer
        self._variables = variables
        self._deadline = deadline
        self._long_bytes = 0
        self._calls: dict[tuple[str, Request], asyncio.Task[Response]] | None = {} if may_repeat else None

    async def fetch(self, fetch: Fetch, after: asyncio.Task[Value] | None = None) -> Value:
        """Ask one department and return the root field's value, null and an error if it may not or fails."""
        if after is not None:
            await after
        if (refused := refusal(fetch.policy.access, self._bearer.token)) is not None:
            by_fields = refusal(fetch.operation.access, self._bearer.token) is None  # without them they would have it
            return (fetch.refused if by_fields else fetch.failed)(refused.said, **refused.extensions)
        try:
            request = fetch.request(self._variables)
            if fetch.policy.access.level != "public" and self._bearer.token is not None:
                request = await self._identified(fetch, request, self._bearer.token)
            response = await (self._send if self._calls is None or not fetch.safe else self._send_once)(fetch, request)
        except _COST_A_FIELD as error:
            return fetch.failed(error.said, **error.extensions)
        except GraphQLError as error:
            return fetch.failed(error.message, ArgumentError.code)
        except Exception:
            if fetch.service not in self._ways.upstreams.inside:
                raise
            _log.exception("the platform could not answer for %s", fetch.service)  # it costs its field and no more
            return fetch.failed("Internal error", "INTERNAL_ERROR")
        return await self._read(fetch, request, response)

    async def _read(self, fetch: Fetch, request: Request, response: Response) -> Value:
        """Return the value that an answer has: what is known in this process at once, what is long in a thread."""
        if fetch.service in self._ways.upstreams.inside:
            return self._ways.kept.read(fetch, request.target, response)
        size = len(response.body)
        self._long_bytes += size if size >= _LONG_BYTES else 0
        if self._long_bytes > _MOST_BYTES:
            return fetch.failed(f"The answers to one request exceed {_MOST_BYTES} bytes", OperationLimitError.code)
        if self._ways.guide.asking and (refused := await self._held(fetch, response)) is not None:
            return fetch.failed(refused.said, **refused.extensions)
        return fetch.read(response) if size < _LONG_BYTES else await asyncio.to_thread(fetch.read, response)

    async def _held(self, fetch: Fetch, response: Response) -> GuideExceededError | None:
        """Hold an answer to the guide, and return why it is refused. Should that fail, nobody's answer suffers."""
        guide, asked = self._ways.guide, (fetch.service, fetch.operation)
        long = len(response.body) >= _LONG_BYTES
        try:
            held = await asyncio.to_thread(guide.read, *asked, response) if long else guide.read(*asked, response)
            if held is not None:
                guide.hold(*asked, held)
        except GuideExceededError as error:
            return error
        except Exception:  # noqa: BLE001 - a department's bytes; the log has it, and residents their answer
            _log.exception("an answer could not be held to the guide", extra={"service": fetch.service})
        return None

    async def _identified(self, fetch: Fetch, request: Request, token: AccessToken) -> Request:
        """Return the request with the assertion of who asks, once it is sure that they may."""
        access = fetch.policy.access
        asked = Asked(token, self._bearer.mandate, fetch.service, fetch.operation.name, access)
        principal = await self._ways.permits.principal(asked)
        department = self._ways.upstreams.department(fetch.service)
        said = await self._ways.callers.assertion(token, fetch.service, department, access, principal)
        return Request(request.method, request.target, (*request.headers, (HEADER, said)), request.body)

    async def _send(self, fetch: Fetch, request: Request) -> Response:
        return await self._ways.upstreams.get(fetch.service).call(request, self._deadline, fetch.timeout_seconds)

    async def _send_once(self, fetch: Fetch, request: Request) -> Response:
        assert self._calls is not None  # noqa: S101 - see ``fetch``
        key = (fetch.service, request)
        task = self._calls.get(key)
        if task is None:
            task = self._calls[key] = asyncio.create_task(self._send(fetch, request))
        return await task


async def _execute_locally(part: LocalPart, raw_variables: Raw, context: Any) -> ExecutionResult:
    try:
        inputs = _decode(bytes(raw_variables) or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return ExecutionResult(None, [GraphQLError(f"The variables cannot be read: {error}")])
    result = execute(
        part.schema, part.document, context_value=context, variable_values=inputs, executor_class=RowExecutor
    )
    return result if isinstance(result, ExecutionResult) else await result


def _refusal(error: GraphQLError) -> Error:
    return _coded(error, ParseError if isinstance(error, GraphQLSyntaxError) else ValidationError)


def _coded(error: GraphQLError, kind: type[YiwangError]) -> Error:
    """Return an error of graphql-core's in GraphQL's response form, with the code of its kind unless it has its own."""
    return {"extensions": {"code": kind.code}} | formatted(error)


def formatted(error: GraphQLError) -> Error:
    """Return an error in GraphQL's response form; what is not meant for clients is masked and logged."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return {**error.formatted}
    if isinstance(cause, YiwangError):
        message = cause.said
        shown = GraphQLError(message, error.nodes, path=error.path, extensions=cause.extensions)
        return {**shown.formatted}
    _log.error("a resolver failed", exc_info=cause)
    masked = GraphQLError("Internal error", error.nodes, path=error.path, extensions={"code": "INTERNAL_ERROR"})
    return {**masked.formatted}
