"""``yiwang calendar``: the operator loads duty calendars, and looks when an office is open."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.transaction import transaction
from cli.who import record
from kernel.clock import SystemClock
from services_catalog.organisations import duty
from services_catalog.organisations.calendar_file import WEEKDAYS, read_calendars
from services_catalog.organisations.calendars import Day, add_working_days, is_open, next_open
from services_catalog.organisations.errors import FileRefusedError
from services_catalog.organisations.sheets import ENCODINGS

_CLOCK = SystemClock()


@click.group(short_help="Load duty calendars: working days, holidays, opening hours.")
def calendar() -> None:
    """Duty calendars: by which days periods count, and when offices are open.

    An organisation names its calendar in the file of organisations; who names none has that of the nearest above.

    \b
    Examples:
      yiwang calendar load calendars.csv
      yiwang calendar show city
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold


@calendar.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--time-zone", default="Asia/Shanghai", show_default=True, help="Where the file's days are days.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True)
def load(file: Path, time_zone: str, encoding: str) -> None:
    """Add weekdays and days of a CSV file to calendars, or replace them; other days stay.

    The columns are calendar, day (mon to sun, or 2027-01-01), kind (working, open: has hours but is no working day,
    closed), hours, note and source. A working day without hours is as Monday. Every defect is listed with its line.

    \b
    Example, of days that are made up:
      calendar,day,kind,hours,note,source
      city,mon,working,09:00-12:00 13:30-17:30,,
      city,tue,working,,,
      city,sat,open,09:00-12:00,hall only,
      city,2027-10-01,closed,,holiday,where it was announced
      city,2027-10-09,working,,worked in exchange,where it was announced
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter("no such zone; write Asia/Shanghai", param_hint="--time-zone") from error
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()

    async def work(session: AsyncSession) -> list[str]:
        rows = read_calendars(data, encoding)
        names = await duty.store(session, rows, time_zone)
        for name in names:
            days = sum(row.calendar == name for row in rows)
            await record(session, _CLOCK, "calendar.loaded", f"calendar:{name}", days=days)
        return names

    try:
        click.echo(f"Loaded {', '.join(transaction(work))}.")
    except FileRefusedError as error:
        for finding in error.findings:
            click.echo(str(finding))
        raise click.ClickException(f"The file has {len(error.findings)} defects; nothing was changed.") from error


@calendar.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show a calendar's week, the days that differ from today on, and whether it is open now."""
    found = transaction(lambda session: duty.calendar(session, name))
    now = _CLOCK.now()
    today = now.astimezone(ZoneInfo(found.zone)).date()
    for weekday, day in zip(WEEKDAYS, found.week, strict=True):
        click.echo(f"{weekday}         {_said(day)}")
    for date_, day in sorted(found.days.items()):
        if date_ >= today - timedelta(days=1):
            click.echo(f"{date_}  {_said(day)}")
    opens = next_open(found, now)
    state = "open now" if is_open(found, now) else f"opens {_minute(opens)}" if opens else "never opens"
    click.echo(f"{found.zone}; {state}")
    if any(day.kind == "working" for day in found.week):
        click.echo(f"ten working days from today end on {add_working_days(found, today, 10)}")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _said(day: Day) -> str:
    clock = ("{:02}:{:02}".format(*divmod(minute, 60)) for span in day.hours for minute in (span.begin, span.end))
    return f"{day.kind:8} " + " ".join(f"{begin}-{end}" for begin, end in zip(clock, clock, strict=True))
