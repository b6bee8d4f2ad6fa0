"""``yiwang appointments``: the operator of the platform loads offices and their hours, and looks at their conflicts."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.appointment_decisions import booking_by, cancel, close_day, conflicts, keep, notices, worded
from cli.appointment_systems import check_system, systems
from cli.findings import bytes_of, contradicted, tell_changes
from cli.transaction import announced, transaction
from cli.who import operator, record
from flows.appointments import no_shows
from flows.appointments.deps import Deps
from flows.appointments.errors import OfficeFileError
from flows.appointments.hall.closing import never_came
from flows.appointments.loading import Loaded, Loading, offices_without_hours
from flows.appointments.office_file import OfficeFile
from flows.appointments.office_reading import read_office_file
from flows.appointments.tables import AppointmentOffice, AppointmentResource, AppointmentSlot
from flows.appointments.waitlist.extending import offering_new_hours
from kernel.clock import SystemClock
from supergraph.findings import Finding

_CLOCK = SystemClock()


_TAKEN = (
    select(AppointmentSlot.resource_id, func.sum(AppointmentSlot.taken), func.sum(AppointmentSlot.capacity))
    .where(col(AppointmentSlot.starts_at) > func.now())
    .group_by(col(AppointmentSlot.resource_id))
)


@click.group(short_help="Load offices, their hours and what takes appointments.")
def appointments() -> None:
    """Services, offices, windows and hours, in the database of YIWANG_DATABASE_URL (or of this folder).

    docs/appointments.md describes the file; examples/appointments/city.yaml is one.
    """


for each in (conflicts, keep, cancel, close_day, notices, systems, check_system):
    appointments.add_command(each)


@appointments.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def load(file: Path, *, dry_run: bool) -> None:
    """Add and change what FILE says (YAML or JSON); what it does not name stays. Twice is as once.

    Whoever has booked a time that is served no more keeps it as a conflict: ``yiwang appointments conflicts``.

    \b
    Example:
      yiwang appointments load examples/appointments/city.yaml --dry-run
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    data = bytes_of(file)
    done = partial(transaction, dry_run=True) if dry_run else announced  # what is undone claims no place
    read, found = read_office_file(data)
    if read is None:
        raise contradicted(file, data, found)
    try:
        loaded, idle = done(lambda session: _loaded(session, read, found))
    except OfficeFileError as error:
        raise contradicted(file, data, error.findings) from error
    tell_changes(loaded.changes, dry_run=dry_run)
    for each in loaded.left:
        opens = "`withdrawn: true` instead of hours opens it; loaded once more after that, they hold."
        click.echo(f"{each} stays closed, by close-day: {opens}", err=True)
    if loaded.conflicts:
        click.echo(f"{loaded.conflicts} bookings conflict: yiwang appointments conflicts shows them.", err=True)
    for office in idle:
        click.echo(f"{office} serves nobody yet: no resource of it has a schedule.", err=True)


@appointments.command("show")
def show() -> None:
    """Show offices, what serves people there, and how much of it is taken."""

    async def work(session: AsyncSession) -> list[str]:
        offices = (await session.exec(select(AppointmentOffice).order_by(AppointmentOffice.code))).all()
        resources = (await session.exec(select(AppointmentResource).order_by(AppointmentResource.code))).all()
        counted = {row[0]: row[1:] for row in (await session.exec(_TAKEN)).all()}
        lines = []
        for office in offices:
            said = [office.code, office.name_zh, office.phone, "closed" if office.closed_at else ""]
            lines.append("  ".join(filter(None, said)))
            for each in resources:
                if each.office == office.code:
                    taken, places = counted.get(each.id, (0, 0))
                    skills = ", ".join(each.skills)
                    lines.append(
                        f"  {each.code}  {each.name_zh}  {skills}  {taken} of {places} places to come are taken"
                    )
        return lines

    for line in transaction(work):
        click.echo(line)


@appointments.command("missed")
@click.argument("code")
def missed(code: str) -> None:
    """Say that nobody came to the booking CODE. Three within 90 days keep a person from booking far ahead."""

    async def work(session: AsyncSession) -> None:
        row = await booking_by(session, code, lock=False)
        if row.starts_at > _CLOCK.now():
            raise click.ClickException(f"{code} is still to come.")
        await never_came(Deps(session, _CLOCK), row.id, operator())
        await record(session, _CLOCK, "appointment.missed", f"booking:{row.id}")

    transaction(work)
    click.echo(f"{code}: nobody came.", err=True)


@appointments.command("excuse")
@click.argument("code")
@click.option("--reason", required=True, callback=worded, help="Why; it stands in the booking's history.")
def excuse(code: str, reason: str) -> None:
    """Excuse that nobody came to the booking CODE: it no longer counts against its person.

    \b
    Example:
      yiwang appointments excuse ABCD2345 --reason "ill, with a note"
    """  # noqa: D301 - as above

    async def work(session: AsyncSession) -> None:
        row = await booking_by(session, code)
        no_shows.excuse(session, _CLOCK, row, operator(), reason=reason)
        await record(session, _CLOCK, "appointment.excused", f"booking:{row.id}")

    transaction(work)
    click.echo(f"{code} is excused.", err=True)


async def _loaded(session: AsyncSession, file: OfficeFile, defects: Sequence[Finding]) -> tuple[Loaded, list[str]]:
    async with offering_new_hours(session, _CLOCK):
        loaded = await Loading(session, _CLOCK, operator()).load(file, defects)
    return loaded, await offices_without_hours(session, [each.code for each in file.offices if not each.closed])
