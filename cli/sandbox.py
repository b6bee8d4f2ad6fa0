"""``yiwang sandbox``: the host apps, simulated, so that nobody needs an account at any of them to build and test."""

import re

import click

from adapters.sandbox.app import sandbox_app
from adapters.sandbox.development import directions
from adapters.sandbox.hosts import build_sandbox
from cli.ports import url
from cli.serving import free_port, serve
from kernel.clock import SystemClock
from kernel.settings import load, variable


def _origins(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for each in values:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", each):
            raise click.BadParameter(f"{each!r} is no origin such as https://city.example")
    return values


@click.command(short_help="Simulate the host apps, with phones to use them.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"Else {variable('sandbox_port')}; 0 takes a free one.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other codes, numbers and subjects.")
@click.option(
    "--opens", multiple=True, callback=_origins, help="Another origin whose pages the phones open; repeatable."
)
def sandbox(host: str, port: int | None, seed: int, opens: tuple[str, ...]) -> None:
    """Serve simulated host apps and simulated phones until ctrl-C; see docs/sandbox.md.

    Open the address in a browser: pick a resident, log in, scan, pay, read the inbox, and switch faults on. Your own
    code reaches each host's API at the addresses that are printed, and tests do by /phones what residents do by hand.

    \b
    Examples:
      yiwang sandbox --port 0
      curl -X POST http://127.0.0.1:9200/phones/wang/web/scans -H 'content-type: application/json' \\
        -d '{"text": "https://city.example/p/7"}'
      curl -X POST http://127.0.0.1:9200/faults -H 'content-type: application/json' \\
        -d '{"where": "web.sms", "fault": "twice"}'

    Everything is in memory and made up, and whoever reaches the port may do everything: never show it to the Internet.
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    port = free_port("the sandbox", host, load().sandbox_port if port is None else port)
    application = sandbox_app(build_sandbox(SystemClock(), seed), opens)
    origin = url(host, port)
    serve(
        application, host, port, f"{origin}/ has the phones; ctrl-C ends it. For your own code:\n{directions(origin)}"
    )
