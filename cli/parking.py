"""``yiwang parking``: the operator of the platform loads, shows and exports car parks and what they charge."""

from pathlib import Path
from typing import get_args

import click
import msgspec
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from cli.findings import contradicted, read_file, tell, tell_changes
from cli.parking_logs import logs
from cli.parking_permits import permits
from cli.transaction import existing, transaction
from cli.who import operator, record
from flows.notices.tables import NoticeState
from flows.notices.writing import latest
from flows.notices.writing import line as line_of_notice
from flows.parking.errors import OperatorFileError
from flows.parking.exporting import export
from flows.parking.loading import Loading, unregistered
from flows.parking.occupancy import demand_of
from flows.parking.operating_tables import ParkingOccupancy
from flows.parking.operator_file import OperatorFile, read_operator_file
from flows.parking.refused import RefusedWanted, refused_events, refused_view
from flows.parking.session_tables import ParkingNotice
from flows.parking.tables import ParkingLane, ParkingLot
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys
from kernel.rows import Change
from services_catalog.manifest_file import line_of
from supergraph.findings import Finding

_CLOCK = SystemClock()


@click.group(short_help="Load, show and export car parks and what they charge.")
def parking() -> None:
    """Operators, lots, lanes, bays and tariffs, in the database of YIWANG_DATABASE_URL (or of this folder).

    docs/parking_operators.md describes the file; examples/parking/city.yaml is one.
    """


parking.add_command(logs)
parking.add_command(permits)


@parking.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--force", is_flag=True, help="Let a tariff's new version, or a kind of day, begin in the past.")
def load(file: Path, *, dry_run: bool, force: bool) -> None:
    """Add and change what FILE says (YAML or JSON); what it does not name stays. Twice is as once.

    \b
    Example:
      yiwang parking load examples/parking/city.yaml --dry-run
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    read, data = read_file(file, read_operator_file)
    try:
        changes = _loaded(read, str(file), data, dry_run=dry_run, force=force)
    except OperatorFileError as error:
        raise contradicted(file, data, error.findings) from error
    tell_changes(changes, dry_run=dry_run)


@parking.command("show")
def show() -> None:
    """Show the lots, how full they are, and how their lanes fare; last, what a sticker of each refers to."""

    async def work(session: AsyncSession) -> list[str]:
        lots = (await session.exec(select(ParkingLot).order_by(ParkingLot.operator_id, ParkingLot.code))).all()
        lanes = (await session.exec(select(ParkingLane).order_by(ParkingLane.name))).all()
        full = {row.lot_id: row for row in (await session.exec(select(ParkingOccupancy))).all()}
        lines = []
        for lot in lots:
            count = full.get(lot.id, ParkingOccupancy(lot_id=lot.id))
            taken = demand_of(lot.spaces, count.inside, count.correction, count.counted_at).occupied
            closed = "  closed" if lot.closed_at else ""
            full_by = f"{taken} of {lot.spaces}"
            lines.append(f"{lot.operator_id}/{lot.code}  {lot.name_zh}  {full_by}  {lot.tariff}{closed}  lot:{lot.id}")
            lines += [_lane(each) for each in lanes if each.lot_id == lot.id]
        return lines

    for line in transaction(work):
        click.echo(line)


@parking.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default=Path("-"))
def export_(file: Path) -> None:
    """Write everything as YAML to FILE, by default to the screen; ``load`` reads it."""
    written = msgspec.yaml.encode(transaction(export))
    if str(file) == "-":
        click.echo(written.decode(), nl=False)
    else:
        file.write_bytes(written)


@parking.command("refused")
@click.option("--device", default="", help="Only what this device sent.")
@click.option("--most", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@click.option(
    "--content", is_flag=True, help="Show what was sent, too: it may name plates, so the audit log says who did."
)
def refused_(device: str, most: int, *, content: bool) -> None:
    """Show what devices sent that is no event, the latest first.

    \b
    Example:
      yiwang parking refused --content
    """  # noqa: D301 - click reads a backspace, which a raw string would not hold
    cipher = open_keys(existing()).cipher if content else None

    async def work(session: AsyncSession) -> list[str]:
        lots = {lot.id: lot for lot in (await session.exec(select(ParkingLot))).all()}
        lines = []
        for row in await refused_events(session, RefusedWanted(device_id=device), most):
            lot = lots.get(row.lot_id) if row.lot_id else None
            where = f"{lot.operator_id}/{lot.code}" if lot else "-"
            lines.append(
                f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC  {where}  {row.device_id}  {row.field}: {row.problem}"
            )
            if cipher is not None:
                lines.append(f"  {refused_view(cipher, row).raw!r}")
        if cipher is not None:
            await record(session, _CLOCK, "parking_refused_event.read", "parking:refused", rows=len(lines) // 2)
        return lines

    for line in transaction(work):
        click.echo(line)


@parking.command("notices")
@click.option("--state", type=click.Choice(get_args(NoticeState)), help="Only those.")
@click.option("--most", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
def notices(state: NoticeState | None, most: int) -> None:
    """Show what residents were told, or could not be and why, the latest first."""

    async def work(session: AsyncSession) -> list[str]:
        rows = await latest(session, ParkingNotice, most, state)
        return [line_of_notice(row, f"session {row.session_id}") for row in rows]

    for line in transaction(work):
        click.echo(line)


def _loaded(read: OperatorFile, name: str, data: bytes, *, dry_run: bool, force: bool) -> list[Change]:
    async def work(session: AsyncSession) -> list[Change]:
        for at, device in await unregistered(session, read):
            message, fix = f"the device {device} is no verifier yet", "Register it: yiwang verifier add."
            tell(name, line_of(data, at), Finding("warning", at, message, fix))
        return await Loading(session, _CLOCK, operator(), force=force).load(read)

    return transaction(work, dry_run=dry_run)


def _lane(lane: ParkingLane) -> str:
    heard = f"heard {lane.heard_at:%Y-%m-%d %H:%M} UTC" if lane.heard_at else "never heard"
    off = round((lane.clock_offset_ms or 0) / 100)  # tenths of a second
    offset = f", its clock is {off / 10:+.1f} s off" if off else ""
    queued = f", {lane.queued} events wait" if lane.queued else ""
    lost = f", lost since {lane.comms_lost_at:%Y-%m-%d %H:%M} UTC" if lane.comms_lost_at else ""
    closed = ", closed" if lane.closed_at else ""
    return f"  {lane.direction:5} {lane.name}  {heard}{lost}{offset}{queued}{closed}  gate:{lane.id}"
