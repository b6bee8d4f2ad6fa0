"""``yiwang department``: the operator adds departments and gives them credentials, in the database directly."""

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.credentials import credentials_of, issue, key_id_of, revoke
from auth.tables import DepartmentCredential
from cli.transaction import transaction
from cli.who import operator, record
from kernel.audit.entries import Event, append
from kernel.clock import SystemClock
from services_catalog.departments import add_department, all_departments, find_department, place_department
from services_catalog.manifest import Text

_CLOCK = SystemClock()


@click.group(short_help="Add departments and give them credentials.")
def department() -> None:
    """Departments and their credentials, in the database of YIWANG_DATABASE_URL (or of this folder)."""


@department.command("add")
@click.argument("name")
@click.option("--title-zh", required=True, help="The department's name in Chinese.")
@click.option("--title-en", required=True, help="The department's name in English.")
@click.option("--organisation", metavar="CODE", help="Its place in the tree: yiwang organisation find.")
def add(name: str, title_zh: str, title_en: str, organisation: str | None) -> None:
    """Add the department NAME: lower case letters, digits and hyphens."""
    title = Text(zh=title_zh, en=title_en)
    transaction(lambda session: add_department(session, _CLOCK, name, title, organisation=organisation))
    click.echo(f"Added {name}. Its credential: yiwang department credential {name}")


@department.command("place")
@click.argument("name")
@click.argument("organisation", metavar="CODE")
def place(name: str, organisation: str) -> None:
    """Give the department NAME its place in the tree: the organisation CODE (yiwang organisation find)."""

    async def work(session: AsyncSession) -> None:
        await place_department(session, name, organisation)
        await record(session, _CLOCK, "department.placed", f"department:{name}", organisation=organisation)

    transaction(work)
    click.echo(f"{name} is {organisation}.")


@department.command("credential")
@click.argument("name")
def credential(name: str) -> None:
    """Make a credential by which the department NAME publishes. Its token is shown this once."""

    async def make(session: AsyncSession) -> str:
        await find_department(session, name)
        token = await issue(session, _CLOCK, name)
        await _record(session, "credential.issued", key_id_of(token), name)
        return token

    token = transaction(make)
    click.echo(token)
    click.echo(f"Give it a role: yiwang role grant credential:{key_id_of(token)} ROLE --at CODE, with ROLE", err=True)
    click.echo("editor for entries, clerk for a counter, hotline for calls, display for a hall's screen.", err=True)
    click.echo(
        "Keep it secret; it cannot be shown again. Whoever publishes sets it as YIWANG_TOKEN, a department's", err=True
    )
    click.echo(
        "program sends it; a clerk, the hotline or a display types it into /hall, /desk or /hall/display.", err=True
    )


@department.command("revoke")
@click.argument("key_id")
def revoke_(key_id: str) -> None:
    """Make a credential worthless, at once. KEY_ID is the middle part of its token; `list` shows it too."""

    async def work(session: AsyncSession) -> DepartmentCredential | None:
        found = await revoke(session, _CLOCK, key_id)
        if found and session.is_modified(found):  # revoked now, not before
            await _record(session, "credential.revoked", found.key_id, found.department)
        return found

    revoked = transaction(work)
    if revoked is None:
        raise click.UsageError(f"there is no credential {key_id!r}; yiwang department list shows them")
    click.echo(f"Revoked {key_id} of {revoked.department}.")


@department.command("list")
def list_() -> None:
    """List departments and their credentials."""

    async def show(session: AsyncSession) -> None:
        for each in await all_departments(session):
            click.echo("  ".join(filter(None, (each.name, each.title_zh, each.title_en, each.organisation))))
            for known in await credentials_of(session, each.name):
                used = f"{known.last_used_at:%Y-%m-%d %H:%M} UTC" if known.last_used_at else "never"
                state = "revoked" if known.revoked_at else f"last used {used}"
                click.echo(f"  {known.key_id}  {state}")

    transaction(show)


async def _record(session: AsyncSession, action: str, key_id: str, department_: str) -> None:
    """Write to the audit log what the operator did to a credential."""
    about = Event(actor=operator(), action=action, object=f"credential:{key_id}", details={"department": department_})
    await append(session, _CLOCK, about)
