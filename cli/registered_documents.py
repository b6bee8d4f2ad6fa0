"""``yiwang documents``: the operations of an app's release, for departments' changes to be judged by."""

from pathlib import Path

import click
from msgspec import Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.clients.clients import find_client
from cli.gateway_client import RefusedError, call, gateway_option, show_refusal, token_option
from cli.transaction import transaction
from cli.who import record
from kernel.clock import SystemClock
from services_catalog.departments import find_department
from services_catalog.usage.registering import entrust

_CLOCK = SystemClock()


class _Registered(Struct):
    documents: dict[str, str]
    services: tuple[str, ...]


@click.group(short_help="Register the operations of an app's release.")
def documents() -> None:
    """What front ends will send, known before they do.

    A department's change that breaks a registered operation is refused, and names its app, as if it were sent today.
    """


@documents.command("register")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--app", required=True, metavar="CLIENT", help="The app's client id; `yiwang client list` shows them.")
@click.option("--replace", is_flag=True, help="And forget what earlier releases registered.")
@gateway_option
@token_option
def register(files: tuple[Path, ...], app: str, gateway: str, token: str, *, replace: bool) -> None:
    """Register the GraphQL documents in FILES for an app. Each must be whole, with its fragments, and fit the graph.

    Exit code 0: all are registered. 1: one does not fit, with the reasons; none is registered. 2: the command line is
    wrong.

    \b
    Example:
      yiwang documents register src/**/*.graphql --app wx0123456789abcdef --replace
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    try:
        texts = [{"name": str(path), "text": path.read_text(encoding="utf-8")} for path in files]
    except UnicodeDecodeError as error:
        raise click.UsageError(f"a file is no text in UTF-8: {error}") from error
    try:
        answer = call(
            gateway, "/documents", _Registered, {"client": app, "documents": texts, "replace": replace}, token
        )
    except RefusedError as error:
        show_refusal(error.refusal)
        raise
    click.echo(f"{app}: {len(answer.documents)} documents registered, of {', '.join(answer.services) or 'no service'}")


@documents.command("entrust")
@click.argument("client_id")
@click.option("--department", required=True, help="Whose credential registers; `yiwang department list` shows them.")
def entrust_(client_id: str, department: str) -> None:
    """Let a department's credential register documents of CLIENT_ID, one of the city's own apps.

    A department's own sites need no such word. This works in the database of YIWANG_DATABASE_URL (or of this folder).
    """

    async def work(session: AsyncSession) -> None:
        await find_client(session, client_id)
        await find_department(session, department)
        await entrust(session, client_id, department)
        await record(session, _CLOCK, "documents.entrusted", f"client:{client_id}", department=department)

    transaction(work)
    click.echo(f"Credentials of {department} register the documents of {client_id}.")
