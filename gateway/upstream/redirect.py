"""Where a redirect leads and what may go along: pure decisions (RFC 9110 §15.4)."""

from urllib.parse import urljoin

from gateway.upstream.errors import UpstreamRedirectError
from kernel.errors import YiwangError
from kernel.networks import Url, split_url
from kernel.redirects import HARMLESS
from supergraph.wire import Request, Response


def next_url(service: str, here: Url, request: Request, response: Response) -> Url:
    """Return the URL that a redirect leads to, from ``request`` at ``here``; refuse what must not be followed."""
    location = response.header(b"location").decode("latin-1")
    try:
        there = split_url(urljoin(f"{here.scheme}://{here.authority}{request.target}", location))
    except (YiwangError, ValueError) as error:
        raise UpstreamRedirectError(service, "it redirects to a location that is no http(s) URL") from error
    if here.scheme == "https" and there.scheme == "http":
        raise UpstreamRedirectError(service, "it redirects from https to http")
    return there


def onward(request: Request, here: Url, there: Url) -> Request:
    """Return the request to send to ``there``, without credentials if that is another origin."""
    headers = request.headers
    if here.origin != there.origin:
        headers = tuple(pair for pair in headers if pair[0] in HARMLESS)
    return Request(request.method, there.target, headers, request.body)
