"""``yiwang mock DOCUMENT...``: answers for any API document, so that front-end teams need not wait for departments."""

import time
from collections.abc import Mapping
from pathlib import Path

import click

from cli.documents import DocumentFiles, service_name
from cli.mock_http import MockApplication
from cli.ports import url
from cli.serving import free_port, serve
from supergraph.mock.service import MockService
from supergraph.openapi.read import read_document
from supergraph.openapi.report import Report


@click.command(short_help="Answer any API document with generated data.")
@click.argument("documents", nargs=-1, required=True, metavar="[NAME=]DOCUMENT...")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=4010, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other answers.")
@click.option("--quiet", is_flag=True, help="No line per request.")
def mock(documents: tuple[str, ...], host: str, port: int, seed: int, *, quiet: bool) -> None:
    """Serve API documents with answers made up from their own schemas; see docs/mock.md.

    One document is served at its own paths; of several, each is below /NAME, by default the file's name.
    """
    started = time.perf_counter()
    services = load(documents, seed)
    port = free_port("the mock", host, port)
    application = MockApplication(services, log=None if quiet else click.echo)
    operations = sum(len(service.document.operations) for service in services.values())
    seconds = time.perf_counter() - started
    click.echo(f"{len(services):,} documents, {operations:,} operations, {seconds:.1f} s")
    serve(application, host, port, f"{url(host, port)}/ lists them; ctrl-C ends it.")


def load(documents: tuple[str, ...], seed: int) -> Mapping[str, MockService]:
    """Read documents, each given as ``path`` or ``name=path``; those that cannot be read are said and left out."""
    services: dict[str, MockService] = {}
    for given in documents:
        name, path = _named(given)
        if not path.is_file():
            raise click.UsageError(f"{path} is no file")
        report = Report()
        document = read_document(path.name, DocumentFiles(path), report)
        if document is None:
            finding = report.findings[0]
            click.echo(f"{path} is left out: {finding.pointer} {finding.message}. {finding.fix}", err=True)
            continue
        services[_unused(name, services)] = MockService(document, seed)
    if not services:
        raise click.ClickException("none of the documents can be read")
    return services


def _named(given: str) -> tuple[str, Path]:
    name, equals, path = given.partition("=")
    return (name, Path(path)) if equals and not Path(given).exists() else (service_name(Path(given)), Path(given))


def _unused(name: str, taken: Mapping[str, object]) -> str:
    return next(
        each
        for number in range(1, len(taken) + 2)
        if (each := name if number == 1 else f"{name}-{number}") not in taken
    )
