"""One call of a probe: the request that the gateway would send for the operation, and what is wrong with the answer."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urljoin

from graphql import GraphQLField, GraphQLNonNull, Undefined, coerce_input_value
from msgspec import Struct

from kernel.errors import YiwangError
from kernel.networks import Network, split_url
from kernel.outside import Answered, Outside, OutsideFailedError
from kernel.redirects import HARMLESS, MOST_REDIRECTS, REDIRECTS
from services_catalog.lifecycle.operations import operation_name
from services_catalog.manifest import Upstream
from services_catalog.probes.verdict import Checked
from supergraph.conformity import deviations
from supergraph.requests.template import RequestTemplate
from supergraph.slice import Access, Operation, Slice
from supergraph.types import SliceTypes
from supergraph.wire import Request, Response

Identify = Callable[[str, Access], Awaitable[Mapping[str, str]]]
"""From a service and whom its operation is for to the headers that say who asks: the platform's own probe."""

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class Callee(Struct, frozen=True):
    """A live service, and how it wants to be called."""

    name: str
    slice: Slice
    upstream: Upstream  # with its headers opened

    def operation(self, name: str) -> Operation | None:
        """Return an operation by its name in entries: ``query parking.lots``."""
        return next((each for each in self.slice.operations if operation_name(self.name, each) == name), None)


class Unprobeable(Exception):  # noqa: N818 - nothing failed: the entry's probe has to be mended
    """The call cannot be made as the entry says it; the operation may be well."""


class Call(Struct, frozen=True):
    """What is called, and after how long its answer is too slow."""

    operation: Operation
    arguments: Mapping[str, Any]
    slow_after_ms: int


async def check(callee: Callee, call: Call, networks: tuple[Network, ...], identify: Identify) -> Checked:
    """Make a call and compare its answer with the document. Raises Unprobeable."""
    operation = call.operation
    request = _request(callee, operation, call.arguments)
    most = (operation.binding.timeout_seconds or 60.0, callee.upstream.timeout_seconds, call.slow_after_ms / 500)
    seconds = min(most)
    outside = Outside(networks, seconds=seconds, most_bytes=callee.upstream.max_body_bytes, plain_http=True)
    headers = dict(request.headers) | {name.lower(): value for name, value in callee.upstream.headers.items()}
    if operation.access.level != "public":
        headers |= await identify(callee.name, operation.access)
    began = time.perf_counter()
    try:
        async with asyncio.timeout(2 * seconds):  # redirects included
            answer = await _followed(outside, callee.upstream.url.rstrip("/") + request.target, request, headers)
        response = Response(answer.status, _lines(answer), _unpacked(answer, callee.upstream.max_body_bytes))
    except YiwangError as error:
        return Checked(failure=error.said)
    except zlib.error:
        return Checked(failure="answered with broken compression")
    except TimeoutError:
        return Checked(failure=f"gave no whole answer within {2 * seconds:g} s, redirects included")
    except ValueError:
        return Checked(failure="redirects to what is no address")
    took_ms = round((time.perf_counter() - began) * 1000)
    return Checked(
        tuple(deviations(operation, callee.slice.types, response)), took_ms, slow=took_ms > call.slow_after_ms
    )


def _request(callee: Callee, operation: Operation, given: Mapping[str, Any]) -> Request:
    field = SliceTypes(callee.slice).operation(operation)
    if unknown := given.keys() - field.args.keys():
        raise Unprobeable(f"`probe` names what is no argument: {', '.join(sorted(unknown))}")
    try:
        arguments = {name: value for name in field.args if (value := _coerced(field, name, given)) is not Undefined}
        return RequestTemplate(operation, callee.slice.types).render(arguments)
    except YiwangError as error:
        raise Unprobeable(error.said) from error


def _coerced(field: GraphQLField, name: str, given: Mapping[str, Any]) -> Any:
    type_ = field.args[name].type
    if name in given:
        value = coerce_input_value(given[name], type_)
        if value is Undefined:
            raise Unprobeable(f"the argument {name} of `probe` is no {type_}")
        return value
    if isinstance(type_, GraphQLNonNull):
        raise Unprobeable(f"the argument {name} is needed: say it in `probe`")
    return Undefined


async def _followed(outside: Outside, url: str, request: Request, headers: Mapping[str, str]) -> Answered:
    """Send a request and follow redirects, as the gateway does: to another host without what may be a credential."""
    answer = await outside.exchange(request.method, url, headers, request.body)
    for _ in range(MOST_REDIRECTS):
        location = dict(answer.headers).get("location")
        if answer.status not in REDIRECTS or location is None:
            break
        there = urljoin(url, location)
        here, onward = split_url(url), split_url(there)
        if (here.scheme, onward.scheme) == ("https", "http"):
            raise OutsideFailedError(f"{here.authority} redirects from https to http", fix="Redirect to https.")
        if onward.origin != here.origin:
            headers = {name: value for name, value in headers.items() if name in HARMLESS}
        url = there
        answer = await outside.exchange(request.method, url, headers, request.body)
    return answer


def _lines(answer: Answered) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in answer.headers]


def _unpacked(answer: Answered, most: int) -> bytes:
    """Undo the compression that some servers apply unasked. Raises zlib.error; what is cut off is no JSON any more."""
    if dict(answer.headers).get("content-encoding", "identity") in {"gzip", "deflate"}:
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(answer.body, most)
    return answer.body
