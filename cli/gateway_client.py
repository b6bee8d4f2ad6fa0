"""Calls to a running gateway from the command line, by urllib: a richer client takes longer to import than a call."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import click
import msgspec
from msgspec import Struct

from kernel.errors import YiwangError
from supergraph.broken import Broken
from supergraph.diff import Change
from supergraph.findings import Finding
from supergraph.slice import PrivacyRule

_T = TypeVar("_T")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token, and what is published, to whatever origin it names."""

    def redirect_request(self, *_: object) -> None:
        return None


_open = urllib.request.build_opener(_NoRedirects).open
DEFAULT_GATEWAY = "http://127.0.0.1:8000"
_PIECE_BYTES = 2**16
_SECONDS = 120.0  # the gateway gives a compiler 90 s


class GatewayUnreachableError(YiwangError):
    """Nothing, or no gateway, answers at the URL."""

    code = "GATEWAY_UNREACHABLE"


class Found(Finding, frozen=True):
    """A finding, of an entry also with the rule that is broken and why there is one."""

    rule: str = ""
    reason: str = ""


class Details(Struct):
    """What the gateway knows of a submission that it does not accept."""

    findings: tuple[Found, ...] = ()
    changes: tuple[Change, ...] = ()
    broken: tuple[Broken, ...] = ()


class Refusal(Struct):
    """What the gateway says to what it does not accept (docs/errors.md)."""

    code: str
    message: str
    fix: str = ""
    details: Details = msgspec.field(default_factory=Details)


class _Refused(Struct):
    error: Refusal


class RefusedError(YiwangError):
    """The gateway refused; ``refusal`` has everything it said."""

    code = "REFUSED"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}", fix=refusal.fix)
        self.refusal = refusal


def call(
    gateway: str, path: str, answer: type[_T], body: object = None, token: str = "", *, method: str | None = None
) -> _T:
    """GET, or POST ``body`` as JSON, or another method. Raises RefusedError, GatewayUnreachableError."""
    with _asked(gateway, path, body, token, method=method) as response:
        return msgspec.json.decode(response.read(), type=answer)


def pieces(gateway: str, path: str) -> Iterator[bytes]:
    """GET what is for everybody and may be long, piece by piece. Raises as ``call`` does, also halfway."""
    with _asked(gateway, path) as response:
        while piece := response.read(_PIECE_BYTES):
            yield piece


@contextmanager
def _asked(
    gateway: str, path: str, body: object = None, token: str = "", *, method: str | None = None
) -> Iterator[http.client.HTTPResponse]:
    if urlsplit(gateway).scheme not in {"http", "https"}:
        raise click.UsageError(f"{gateway!r} is no URL; the gateway's begins with https:// or http://")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        gateway.rstrip("/") + path,
        data=None if body is None else msgspec.json.encode(body),
        headers={"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {}),
        method=method,
    )
    try:
        with _open(request, timeout=_SECONDS) as response:
            yield response
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(gateway, error) from error
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise GatewayUnreachableError(
            f"no gateway answers at {gateway}: {error}", fix="Check --gateway (YIWANG_GATEWAY), and that it runs."
        ) from error


def _refused(gateway: str, error: urllib.error.HTTPError) -> YiwangError:
    if location := error.headers.get("location"):
        return GatewayUnreachableError(
            f"{gateway} answers {error.code} and leads to {location}; nothing was sent there",
            fix="If that is your platform, give its URL as --gateway (YIWANG_GATEWAY).",
        )
    try:
        return RefusedError(msgspec.json.decode(error.read(), type=_Refused).error)
    except msgspec.MsgspecError:
        return GatewayUnreachableError(
            f"{gateway} answers {error.code} and is no gateway", fix="Check --gateway (YIWANG_GATEWAY)."
        )


def gateway_option(function: Any) -> Any:
    """Add ``--gateway`` to a command."""
    return click.option(
        "--gateway",
        envvar="YIWANG_GATEWAY",
        default=DEFAULT_GATEWAY,
        show_default=True,
        show_envvar=True,
        help="The platform's URL.",
    )(function)


def token_option(function: Any) -> Any:
    """Add ``--token`` to a command."""
    return click.option(
        "--token", envvar="YIWANG_TOKEN", required=True, show_envvar=True, help="The department's credential."
    )(function)


def show_findings(findings: Sequence[Finding], level: Literal["error", "warning"] | None = None) -> None:
    """Print findings, one a paragraph."""
    for finding in findings:
        if level in {None, finding.level}:
            click.echo(f"  {finding.level:7} {finding.pointer or '/'}: {finding.message}\n          {finding.fix}")


def show_guarded(guarded: Mapping[str, PrivacyRule]) -> None:
    """Print the operations and fields that the manifest gives a privacy class."""
    if guarded:
        click.echo(f"{len(guarded)} with a privacy class of their own:")
    for where, rule in guarded.items():
        needs = "" if rule.needs == "public" else f", {rule.needs}"
        click.echo(f"  {where}: {rule.kind}{needs}")


def show_changes(changes: tuple[Change, ...]) -> None:
    """Print changes, the worst first."""
    for change in changes:
        click.echo(f"  {change.level:9} {change.path}: {change.message}")


def show_broken(broken: tuple[Broken, ...]) -> None:
    """Print whose operations a change breaks, with the fields, how often they were sent and when last."""
    if broken:
        click.echo(f"{len(broken)} operations of clients break:")
    for each in broken:
        sent = f"sent {each.count} times in 30 days, last on {each.last_sent}" if each.last_sent else "not sent yet"
        click.echo(f"  {each.whom} ({sent}{', registered' if each.registered else ''})")
        for change in each.changes:
            click.echo(f"          {change.path}: {change.message}")


def show_refusal(refusal: Refusal) -> None:
    """Print all that a refusal says beside its error."""
    show_findings(refusal.details.findings)
    show_changes(refusal.details.changes)
    show_broken(refusal.details.broken)
