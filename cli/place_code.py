"""``yiwang place-code``: stickers at bays, gates, lots and counters: registered, printed, looked at, retired."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast, get_args

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from cli.transaction import existing, transaction
from cli.who import operator, record
from flows.appointments.hall.scanning import check_sticker
from flows.codes import patrol_dues, place_codes, place_reports, places
from flows.codes.distance import position_of
from flows.codes.pdf_sheets import document
from flows.codes.place_codes import KINDS
from flows.codes.place_tables import Finding, StaticCode
from flows.codes.sheets import Sticker, pages
from flows.parking.stickers import check_reference
from kernel.clock import SystemClock
from kernel.crypto.keys import open_keys

_CLOCK = SystemClock()
_latitude = click.option("--latitude", type=float, help="In degrees, WGS 84.")
_longitude = click.option("--longitude", type=float)


@click.group("place-code", short_help="Make, print, check and retire the codes on stickers.")
def place_code() -> None:
    """The codes on stickers, in the database of YIWANG_DATABASE_URL (or of this folder): docs/codes.md."""


@place_code.command("add")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--reference", required=True, help="What stands there, such as bay:0193b2c4-…")
@click.option("--name-zh", required=True, help="What people read before they pay, such as 人民广场 B1-023.")
@click.option("--name-en", required=True)
@click.option("--street-zh", required=True, help="The street, to compare.")
@click.option("--street-en", default="", help="Else whoever reads English is shown the other one.")
@click.option("--photo-url", default="", help="A photo of the place, https.")
@_latitude
@_longitude
def add(**given: Any) -> None:
    """Register a place; its short code is shown. Print its sticker: yiwang place-code sheet."""
    cipher = open_keys(existing()).cipher
    row = StaticCode(object_id=b"", short_code="", kid=0, created_at=_CLOCK.now(), **given)

    async def work(session: AsyncSession) -> StaticCode:
        await check_sticker(session, row)
        await check_reference(session, row)
        made = await places.register(session, _CLOCK, cipher, row)
        await record(session, _CLOCK, "place_code.registered", f"place_code:{made.short_code}", kind=made.kind)
        return made

    click.echo(transaction(work).short_code)


@place_code.command("list")
@click.option("--overdue", is_flag=True, help="Those that no patrol has seen for 30 days.")
def list_(*, overdue: bool) -> None:
    """List the active codes."""
    at = _CLOCK.now() if overdue else None
    for row in transaction(lambda session: places.listed(session, overdue_at=at)):
        seen = f"seen {row.last_verified_at:%Y-%m-%d} UTC" if row.last_verified_at else "never seen"
        click.echo("  ".join([row.short_code, f"{row.kid:02X}", row.kind, row.reference, row.name_zh, seen]))


@place_code.command("due")
def due() -> None:
    """List the work items of patrols, the longest due first: stickers that none has seen for 30 days.

    `yiwang worker` opens one an hour at the latest after a sticker is due. It ends when a patrol finds the sticker well
    (`yiwang place-code verify`), or when it is retired.
    """
    for item, row in transaction(patrol_dues.dues):
        days = (_CLOCK.now() - item.due_at).days
        where = f"{row.latitude:.5f},{row.longitude:.5f}" if row.latitude is not None else "no position"
        shown = row.short_code, row.kind, row.reference, row.name_zh, row.street_zh, where
        click.echo("  ".join([*shown, f"due {item.due_at:%Y-%m-%d} UTC, {days} days ago"]))


@place_code.command("reports")
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="How far back.")
def reports(days: int) -> None:
    """List what residents have told of stickers, by place, what was told most often first.

    The last column is what was scanned: what is not the city's has another domain, or a code that we never made.
    """
    for each in transaction(lambda session: place_reports.reports(session, _CLOCK.now() - timedelta(days=days))):
        place = (each.short_code, each.name_zh, each.street_zh) if each.short_code else ("no place of the city's",)
        shown = f"{each.times} times", f"last {each.last_at:%Y-%m-%d %H:%M} UTC", *map(str, place), repr(each.scanned)
        click.echo("  ".join(shown))


@place_code.command("sheet")
@click.argument("codes", nargs=-1)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("place-codes"),
    show_default=True,
    help="The folder to write to; it is made.",
)
@click.option("--format", "form", type=click.Choice(["svg", "pdf"]), default="svg", show_default=True)
@click.option("--scene", is_flag=True, help="Print the scene values for mini-program codes instead.")
def sheet(codes: tuple[str, ...], out: Path, form: str, *, scene: bool) -> None:
    """Write printable sheets (A4, twelve a page) of CODES, by default of all active ones.

    SVG is a file for each page, PDF is one file.
    """
    settings = existing()
    cipher, base = open_keys(settings).cipher, places.base_url(settings, issuer(settings))

    async def work(session: AsyncSession) -> list[tuple[StaticCode, str, str]]:
        chosen = [await places.find_place(session, code) for code in codes] or await places.listed(session)
        keys = await places.mac_keys(session, cipher)
        said = [place_codes.PlaceCode(row.kind, row.object_id, row.kid) for row in chosen]
        both = [(place_codes.payload(base, each, keys), place_codes.scene_of(each, keys)) for each in said]
        return [(row, *text) for row, text in zip(chosen, both, strict=True)]

    texts = transaction(work)
    if scene:
        for row, _, text in texts:
            click.echo(f"{row.short_code}  {text}")
        return
    stickers = [Sticker(text, row.name_zh, row.name_en, row.short_code) for row, text, _ in texts]
    out.mkdir(parents=True, exist_ok=True)
    if form == "pdf":
        written = {"place-codes.pdf": document(stickers)}
    else:
        written = {f"place-codes-{n}.svg": page.encode() for n, page in enumerate(pages(stickers), 1)}
    for name, content in written.items():
        path = out / name
        path.write_bytes(content)
        click.echo(str(path))


@place_code.command("verify")
@click.argument("scanned")
@click.option("--found", type=click.Choice(get_args(Finding)), default="ok", show_default=True)
@_latitude
@_longitude
def verify(scanned: str, found: str, latitude: float | None, longitude: float | None) -> None:
    """Record a patrol's look at a sticker: SCANNED is what its scanner read.

    Where the place's position is known a sticker counts as seen only if it was scanned there.
    """
    settings, where = existing(), position_of(latitude, longitude)
    cipher, base = open_keys(settings).cipher, places.base_url(settings, issuer(settings))

    async def work(session: AsyncSession) -> places.Standing:
        standing = await places.standing(session, cipher, scanned, where, base=base)
        if standing.row is not None and standing.answer == "valid":
            who, what = operator(), cast("Finding", found)
            await places.patrolled(session, _CLOCK, standing.row, places.Look(who, what, where))
            about = f"place_code:{standing.row.short_code}"
            await record(session, _CLOCK, "place_code.patrolled", about, found=found, far=standing.is_far)
        return standing

    standing = transaction(work)
    if standing.row is None or standing.answer != "valid":
        raise click.ClickException(f"this code is {standing.answer}: take the sticker down")
    away = f"{standing.metres} m from its place" if standing.is_far else ""
    if standing.metres is None and standing.row.latitude is not None:
        away = "nobody says where (--latitude, --longitude)"
    click.echo(f"{standing.row.short_code} is {found}{f', but {away}: it is not counted as seen' if away else ''}.")


@place_code.command("retire")
@click.argument("code")
def retire(code: str) -> None:
    """Have every scan of the sticker CODE answered as retired."""

    async def work(session: AsyncSession) -> None:
        row = await places.retire(session, _CLOCK, code)
        await record(session, _CLOCK, "place_code.retired", f"place_code:{row.short_code}")

    transaction(work)
    click.echo(f"Retired {code}.")


@place_code.command("rotate")
@click.argument("codes", nargs=-1)
@click.option("--new-key", is_flag=True, help="Make a new key first.")
@click.option("--retire-key", type=int, help="Have all stickers of this key answered as retired.")
def rotate(codes: tuple[str, ...], retire_key: int | None, *, new_key: bool) -> None:
    """Move the stickers CODES to the newest key: print their sheets anew; what hangs is retired from now on."""
    cipher = open_keys(existing()).cipher

    async def work(session: AsyncSession) -> None:
        if new_key:
            made = await places.new_key(session, _CLOCK, cipher)
            await record(session, _CLOCK, "place_key.made", f"place_key:{made.kid}")
        for code in codes:
            row = await places.rekey(session, _CLOCK, cipher, code)
            await record(session, _CLOCK, "place_code.rotated", f"place_code:{row.short_code}", kid=row.kid)
        if retire_key is not None:
            await places.retire_key(session, _CLOCK, retire_key)
            await record(session, _CLOCK, "place_key.retired", f"place_key:{retire_key}")

    transaction(work)
    click.echo(f"Rotated {len(codes)}.")
