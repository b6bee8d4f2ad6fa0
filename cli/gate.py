"""``yiwang gate``: the box of one parking site, which decides at its barriers with or without a network."""

import os
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import click
import msgspec

from cli.ports import url
from cli.serving import free_port, serve
from flows.gate.box import open_box
from flows.gate.http import gate_app
from flows.gate.site_file import SiteFile, checked, read_site
from flows.gate.store import connected
from kernel.clock import SystemClock
from kernel.logs import configure

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command(short_help="Decide at a car park's barriers, also without a network.")
@click.option("--site", type=click.Path(path_type=Path), help="The site's file: lot, device, secret, token, lanes.")
@click.option("--lot", type=click.UUID, help="Instead of a file: the lot; the rest from --device and the environment.")
@click.option("--device", type=click.UUID, help="With --lot: the id that `yiwang verifier add` showed.")
@click.option("--list-key", default="", help="With --lot: KID:PUBLIC of `yiwang code-keys list`, of purpose lists.")
@click.option("--cloud", required=True, help="The platform's origin, such as https://city.example; http on loopback.")
@click.option("--store", type=click.Path(path_type=Path), required=True, help="The file of the store; made if missing.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on: the site's network.")
@click.option("--port", default=9300, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--simulate",
    is_flag=True,
    help="For demonstrations: the booth's token is printed, the line can be cut, and --cloud may be http.",
)
def gate(  # noqa: PLR0913, PLR0917 - the options of a command
    site: Path | None,
    lot: UUID | None,
    device: UUID | None,
    list_key: str,
    cloud: str,
    store: Path,
    host: str,
    port: int,
    *,
    simulate: bool,
) -> None:
    """Decide what one site's barriers do, keep what happened, and sync with the platform; see docs/gate.md.

    Cameras and scanners of the site send what they see, with the site's token, terminals and the booth with theirs, and
    are told what the arm does: from the box's own memory, in milliseconds, whether the platform can be reached or not.
    Everything is in the store before it is answered. The address that is printed opens the booth's page: the lanes, the
    queue, and buttons to do what the devices do.

    With --lot, the environment has YIWANG_GATE_SECRET (the device's), YIWANG_GATE_TOKEN (the site's) and
    YIWANG_GATE_BOOTH_TOKEN.

    \b
    Examples:
      yiwang gate --site site.json --cloud https://city.example --store /var/lib/gate/store.sqlite
      curl -X POST http://127.0.0.1:9300/lanes/north-in/plates -H "authorization: Bearer $TOKEN" \\
        -d '{"plate": "沪A12345", "colour": "blue", "confidence": 0.98}'
      curl -X POST http://127.0.0.1:9300/lanes/north-out/codes -H "authorization: Bearer $TOKEN" \\
        -d '{"text": "SC1:..."}'
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    configure("WARNING")
    _check(cloud, simulate=simulate)
    file = read_site(site) if site is not None else _named(lot, device, list_key)
    connected(store).close()  # so that a store that cannot be used is said here
    port = free_port("the gate", host, port)
    application = gate_app(lambda: open_box(file, cloud, store, SystemClock(), simulated=simulate))
    page = f"{url(host, port)}/" + (f"#token={file.booth_token}" if simulate else "")
    serve(application, host, port, f"{page} has the lanes; ctrl-C ends it.")


def _check(cloud: str, *, simulate: bool) -> None:
    """Refuse a platform that anybody on the way could play: its answers are believed as TLS has them."""
    found = urlsplit(cloud)
    if found.scheme != "https" and not (found.scheme == "http" and (simulate or found.hostname in _LOOPBACK)):
        raise click.UsageError(f"--cloud {cloud} is not believed: give an address that begins with https://")


def _named(lot: UUID | None, device: UUID | None, list_key: str) -> SiteFile:
    """Return what a file would say. Raises click.UsageError, SiteFileError."""
    if lot is None or device is None:
        raise click.UsageError("give --site FILE, or --lot ID with --device ID")
    try:
        given = {name: os.environ[f"YIWANG_GATE_{name.upper()}"] for name in ("secret", "token", "booth_token")}
    except KeyError as missing:
        raise click.UsageError(f"--lot needs {missing.args[0]} in the environment") from None
    named = {"lot": lot, "device": device, "list_key": list_key}
    try:
        return checked(msgspec.convert(named | given, SiteFile), "the command line")
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error
