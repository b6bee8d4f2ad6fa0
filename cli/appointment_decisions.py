"""``yiwang appointments``: what an office decides on bookings, and what people were told of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import get_args
from uuid import UUID

import click
from redis.asyncio import Redis
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import announced, existing, transaction, with_database
from cli.who import operator, record
from flows.appointments import cancelling, closing, colliding
from flows.appointments.booking_tables import Booking
from flows.appointments.cases import reaching
from flows.appointments.cases.reaching import Reached
from flows.appointments.deps import Deps
from flows.appointments.notice_tables import AppointmentNotice, Kind
from flows.appointments.tables import AppointmentOffice
from flows.notices.tables import NoticeState
from flows.notices.writing import latest
from flows.notices.writing import line as line_of_notice
from kernel.audit.entries import Event, append
from kernel.clock import SystemClock, local
from kernel.crypto.keys import open_keys
from kernel.database import Database

_CLOCK = SystemClock()
_EVERY = 100  # bookings between two words of progress
_People = click.option(
    "--people", is_flag=True, help="Show whom to ring, too, by name and telephone; the audit log says who did."
)


def worded(_ctx: click.Context, _option: click.Parameter, given: str) -> str:
    """Return a reason without the blanks around it; refuse one that is nothing else."""
    if not (reason := given.strip()):
        raise click.BadParameter("it is empty: write what people are to read")
    return reason


_Reason = click.option("--reason", required=True, callback=worded, help="Why, as its people read it.")


async def booking_by(session: AsyncSession, code: str, *, lock: bool = True) -> Booking:
    """Return a booking by its code."""
    chosen = select(Booking).where(Booking.code == code.upper())
    row = (await session.exec(chosen.with_for_update() if lock else chosen)).first()
    if row is None:
        find = (
            "Compare its 8 letters and digits; /desk finds a booking by its person's ID number, and yiwang appointments"
        )
        raise click.ClickException(f"There is no booking {code}.\n  {find} conflicts lists those that wait for you.")
    return row


@click.command("conflicts")
@click.option("--office", default="", help="Only those of this office.")
@click.option("--most", type=click.IntRange(1), help="How many, the earliest first; else all.")
@_People
def conflicts(office: str, most: int | None, *, people: bool) -> None:
    """Show the bookings whose time is served no more: somebody decides what becomes of them.

    \b
    Example:
      yiwang appointments conflicts --office civic-centre --people
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    cipher = open_keys(existing()).cipher if people else None

    async def work(session: AsyncSession) -> list[str]:
        if office:
            await closing.office_of(session, office)
        zones, lines, shown = await _zones(session), [], list[str]()
        for row in await colliding.conflicts(session, office, most):
            lines.append(f"{local(row.starts_at, zones[row.office])}  {row.office}  {row.service}  {row.code}")
            if cipher is not None:
                lines[-1] += _ring(await reaching.of_booking(session, cipher, row))
                shown.append(f"booking:{row.id}")
        await _have_shown(session, shown)
        return lines

    lines = transaction(work)
    for line in lines:
        click.echo(line)
    decide = "yiwang appointments keep CODE serves one as it was booked, cancel CODE --reason WHY has it book again."
    first = "The first " if len(lines) == most else ""
    click.echo(f"{first}{len(lines)} conflicts: {decide}" if lines else "Nothing conflicts.", err=True)


@click.command("keep")
@click.argument("code")
def keep(code: str) -> None:
    """Serve the conflict CODE as it was booked; its people are told so."""

    async def work(session: AsyncSession) -> None:
        row = await booking_by(session, code)
        await cancelling.keep(Deps(session, _CLOCK), row, operator())
        await record(session, _CLOCK, "appointment.kept", f"booking:{row.id}")

    announced(work)
    click.echo(f"{code} is kept.", err=True)


@click.command("cancel")
@click.argument("code")
@_Reason
def cancel(code: str, reason: str) -> None:
    """Cancel the booking CODE for its office: its people are told, and may book again before others for 14 days.

    \b
    Example:
      yiwang appointments cancel ABCD2345 --reason 窗口故障
    """  # noqa: D301 - as above

    async def work(session: AsyncSession) -> None:
        row = await booking_by(session, code)
        await cancelling.office_cancel(Deps(session, _CLOCK), row, operator(), reason)
        await record(session, _CLOCK, "appointment.office_cancelled", f"booking:{row.id}")

    announced(work)
    click.echo(f"{code} is cancelled.", err=True)


@click.command("close-day")
@click.argument("office")
@click.argument("day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]))
@_Reason
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def close_day(office: str, day: datetime, reason: str, *, dry_run: bool) -> None:
    """Close OFFICE on DAY: nothing more is booked, and every booking that is to come then is cancelled by the office.

    Their people are told, and may book again before others for 14 days. If it is broken off, say it again: it goes on.

    \b
    Example:
      yiwang appointments close-day civic-centre 2026-12-21 --reason 停电 --dry-run
    """  # noqa: D301 - as above

    async def work(database: Database, _redis: Redis) -> int:
        return await _close(database, (office, day.date(), reason), dry_run=dry_run)

    number = with_database(work)
    if dry_run:
        said = f"would be closed, and {_appointments(number)} would be cancelled: nothing was done."
    elif number == 1:
        said = "is closed. 1 appointment was cancelled; its people are being told."
    else:
        said = f"is closed. {number} appointments were cancelled{'; their people are being told' if number else ''}."
    click.echo(f"{office} on {day:%Y-%m-%d} {said}", err=True)


@click.command("notices")
@click.option(
    "--state", type=click.Choice(get_args(NoticeState)), help="Only those; untold: the office has to call them."
)
@click.option("--kind", type=click.Choice(get_args(Kind)), help="Only those.")
@click.option("--most", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@_People
def notices(state: NoticeState | None, kind: Kind | None, most: int, *, people: bool) -> None:
    """Show what people were told of appointments, or could not be and why, the latest first.

    \b
    Example:
      yiwang appointments notices --state untold --kind office_cancelled --people
    """  # noqa: D301 - as above
    cipher = open_keys(existing()).cipher if people else None

    async def work(session: AsyncSession) -> list[str]:
        zones, lines, shown = await _zones(session), [], list[str]()
        for row in await latest(session, AppointmentNotice, most, state, kind):
            about = f"{row.service} {row.details.get('code', row.about)}"
            lines.append(line_of_notice(row, about, zones[row.office]))
            if cipher is not None:
                lines[-1] += _ring(await reaching.of_notice(session, cipher, row))
                shown.append(f"appointment_notice:{row.id}")
        await _have_shown(session, shown)
        return lines

    for line in transaction(work):
        click.echo(line)


def _ring(person: Reached) -> str:
    """Return whom to ring as a line of its own."""
    return f"\n  {person.name or 'no name is known'}  {person.phone or 'no telephone is known'}"


async def _have_shown(session: AsyncSession, objects: Sequence[str]) -> None:
    """Write down at the end, all at once, who was shown: whatever else is audited waits for it."""
    if objects:
        who = operator()
        said = [Event(actor=who, action="appointment.person_read", object=each) for each in objects]
        await append(session, _CLOCK, *said)


async def _close(database: Database, said: tuple[str, date, str], *, dry_run: bool) -> int:
    """Close a day; how many bookings were cancelled, or would be."""
    code, day, reason = said
    async with database.session() as session:
        deps = Deps(session, _CLOCK)
        office = await closing.office_of(session, code)
        closing.check_to_come(deps, office, day)
        rows = await closing.to_cancel(deps, office, day)
        _announce(office, day, rows)
        if dry_run:
            return len(rows)
        await closing.close(deps, office, day, reason)
        await record(session, _CLOCK, "appointments.day_closed", f"office:{code}", day=str(day))
    number = 0
    while ids := await _left(database, office, day):
        for each in ids:
            async with database.session() as session:
                if await closing.cancel_of(Deps(session, _CLOCK), each, operator(), reason):
                    await record(session, _CLOCK, "appointment.office_cancelled", f"booking:{each}")
                    number += 1
            if number % _EVERY == 0:
                click.echo(f"{number} of {len(ids)} are cancelled.", err=True)
    return number


async def _zones(session: AsyncSession) -> dict[str, str]:
    return dict((await session.exec(select(AppointmentOffice.code, AppointmentOffice.time_zone))).all())


def _appointments(number: int) -> str:
    return f"{number} appointment{'' if number == 1 else 's'}"


def _announce(office: AppointmentOffice, day: date, rows: Sequence[Booking]) -> None:
    counted = Counter(row.service for row in rows)
    services = ", ".join(f"{service} {number}" for service, number in sorted(counted.items()))
    click.echo(
        f"{office.code} ({office.name_zh}) on {day}: {_appointments(len(rows))}{': ' if rows else ''}{services}."
    )


async def _left(database: Database, office: AppointmentOffice, day: date) -> Sequence[UUID]:
    async with database.session() as session:
        return [row.id for row in await closing.to_cancel(Deps(session, _CLOCK), office, day)]
