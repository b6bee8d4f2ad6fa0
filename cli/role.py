"""``yiwang role``: the operator gives and takes roles at organisations."""

from datetime import datetime
from typing import cast
from uuid import UUID

import click
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.tables import Account
from auth.tables import DepartmentCredential
from cli.transaction import transaction
from cli.who import operator
from kernel.clock import CHINA, SystemClock
from services_catalog.organisations import roles
from services_catalog.organisations.roles import MAY, ROLES, Grant, Role
from services_catalog.organisations.tables import RoleHeld
from services_catalog.organisations.words import LINES, Line

_CLOCK = SystemClock()
_TABLE = "\n".join(f"  {role:9} {', '.join(action for action, who in MAY.items() if role in who)}" for role in ROLES)


_HELP = f"""Who may do what where. A role is held at an organisation and reaches all below it.

A holder is credential:KEY_ID (`yiwang department list`) or account:ID. Nobody reviews what they took part in
submitting, whatever their role.

\b
{_TABLE}

\b
Examples:
  yiwang role grant credential:0a1b2c3d4e5f editor --at 990101-health
  yiwang role list --at 990101-health
"""


@click.group(short_help="Give and take roles at organisations.", help=_HELP)
def role() -> None:
    """Roles, in the database of YIWANG_DATABASE_URL (or the embedded one)."""


@role.command("grant")
@click.argument("holder")
@click.argument("name", metavar="ROLE", type=click.Choice(ROLES))
@click.option("--at", "organisation", required=True, metavar="CODE", help="At which organisation.")
@click.option("--line", type=click.Choice(LINES), default="administrative", show_default=True, help="What is below.")
@click.option(
    "--until",
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day without it; else until it is taken.",
)
def grant(holder: str, name: str, *, organisation: str, line: str, until: datetime | None) -> None:
    """Give HOLDER a role, from now on."""
    end = until.replace(tzinfo=CHINA) if until else None
    roles.check_holder(holder)
    given = Grant(holder, organisation, cast("Role", name), cast("Line", line), end)

    async def work(session: AsyncSession) -> UUID:
        if not await _is_there(session, holder):
            raise click.UsageError(f"there is no {holder}; `yiwang department list` shows credentials")
        return await roles.grant(session, _CLOCK, operator(), given)

    click.echo(f"Granted {transaction(work)}. To end it: yiwang role revoke with this id")


@role.command("revoke")
@click.argument("role_id", type=click.UUID)
def revoke(role_id: UUID) -> None:
    """Take a role away, at once; `list` shows its id."""
    row = transaction(lambda session: roles.revoke(session, _CLOCK, operator(), role_id))
    click.echo(f"{row.holder} is no {row.role} of {row.organisation} any more.")


@role.command("list")
@click.option("--of", "holder", default="", metavar="HOLDER", help="Those of one holder.")
@click.option("--at", "organisation", default="", metavar="CODE", help="Those held at one organisation itself.")
def list_(holder: str, organisation: str) -> None:
    """List the roles that are held now, the oldest first."""
    now = _CLOCK.now()

    async def work(session: AsyncSession) -> list[RoleHeld]:
        rows = await roles.roles(session, now, holder=holder, organisation=organisation)
        revoked = await session.exec(
            select(DepartmentCredential.key_id).where(col(DepartmentCredential.revoked_at).is_not(None))
        )
        worthless = {f"credential:{each}" for each in revoked}
        return [each for each in rows if each.holder not in worthless]

    for row in transaction(work):
        until = f"  until {row.valid_to:%Y-%m-%d %H:%M} UTC" if row.valid_to else ""
        where = f"{row.organisation} ({row.line})"
        click.echo(f"{row.id}  {row.holder}  {row.role}  {where}{until}  by {row.granted_by}")


async def _is_there(session: AsyncSession, holder: str) -> bool:
    kind, _, name = holder.partition(":")
    if kind == "credential":
        credential = await session.get(DepartmentCredential, name)
        return credential is not None and credential.revoked_at is None
    try:
        return kind == "account" and await session.get(Account, UUID(name)) is not None
    except ValueError:
        return False
