"""The car parks of ``yiwang run``: examples/parking/city.yaml loaded, its devices registered, and one garage alive.

That garage has a box (``yiwang gate``) and stickers at its lanes. Doing it at every start changes nothing.
"""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.issuer import issuer
from cli import examples
from cli.example_stickers import sticker
from cli.ports import bindable, url
from cli.supervisor import Supervisor, Unit, child_environment, ourselves, program
from cli.who import operator, record
from flows.codes import keys, place_codes, places, verifiers
from flows.codes.key_sets import LISTS
from flows.codes.place_tables import StaticCode
from flows.codes.tables import CodeVerifier
from flows.gate.errors import SiteFileError
from flows.gate.site_file import SiteFile, read_site
from flows.parking.loading import Loading
from flows.parking.operator_file import FileLot, OperatorFile
from flows.parking.site_snapshot import SiteLane
from flows.parking.tables import ParkingLane, ParkingLot
from kernel.clock import SystemClock
from kernel.crypto.fields import FieldCipher
from kernel.crypto.keys import open_keys
from kernel.database import open_database
from kernel.errors import YiwangError
from kernel.settings import Settings, state_path
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from services_catalog.tables import Department

CITY = Path(__file__).parents[1] / "examples" / "parking" / "city.yaml"
GATE_PORT = 9300
_HOST = "127.0.0.1"  # the garage's own network
_OPERATOR, _LOT = "yunzhou-garages", "101"
_CLOCK = SystemClock()


class Garage(NamedTuple):
    """The one with a box: what the box is installed with, and what the sticker at each lane says."""

    site: SiteFile
    stickers: dict[str, str]


async def bring_up(
    settings: Settings, supervisor: Supervisor, gate_port: int | None, say: Callable[[str], None]
) -> list[str]:
    """Bring parking up, with a box unless its port is None, and return what the welcome says of it."""
    try:
        garage = await prepare(settings)
    except YiwangError as error:
        say(f"the example car parks are not all there: {error.said}")
        return []
    lines = ["", "Park in a garage (docs/parking.md, Try it):"]
    if gate_port is not None:
        port = _port(gate_port)
        supervisor.add([_gate(settings, garage.site, port)])
        lines += [f"  its gate   {url(_HOST, port)}/#token={garage.site.booth_token}"]
    lines += [f"  your phone {url(settings.gateway_host, settings.gateway_port)}/parking"]
    return lines + [f"  {'sticker ' + lane:<13} {text}" for lane, text in garage.stickers.items()]


async def prepare(settings: Settings) -> Garage:
    """Load the city and keep the site's file. Raises YiwangError."""
    cipher, city = open_keys(settings).cipher, msgspec.yaml.decode(CITY.read_bytes(), type=OperatorFile)
    async with open_database(settings) as database, database.session() as session:
        if await session.get(Department, "parking") is None:
            await add_department(session, _CLOCK, "parking", Text(zh="停车", en="Parking"))
        for written in (lot for each in city.operators for lot in each.lots):
            await _register_devices(session, cipher, written)
        await Loading(session, _CLOCK, operator()).load(city)
        await keys.ensure(session, cipher, _CLOCK)  # before the worker and the box look for them
        found = select(ParkingLot).where(ParkingLot.operator_id == _OPERATOR, ParkingLot.code == _LOT)
        lot = (await session.exec(found)).one()
        query = select(ParkingLane).where(ParkingLane.lot_id == lot.id, col(ParkingLane.closed_at).is_(None))
        lanes = (await session.exec(query.order_by(ParkingLane.name))).all()
        rows = {lane.name: await _sticker(session, cipher, lot, lane) for lane in lanes}
        macs, base = await places.mac_keys(session, cipher), places.base_url(settings, issuer(settings))
        codes = {lane: place_codes.PlaceCode(row.kind, row.object_id, row.kid) for lane, row in rows.items()}
        site = await _site(session, cipher, lanes, _tokens(settings))
    examples.keep(_site_path(settings), msgspec.json.encode(site).decode())  # now that it is committed
    return Garage(site, {lane: place_codes.payload(base, code, macs) for lane, code in codes.items()})


async def _register_devices(session: AsyncSession, cipher: FieldCipher, lot: FileLot) -> None:
    for device in {lane.device for lane in lot.lanes}:
        if await session.get(CodeVerifier, device) is not None:
            continue
        row = CodeVerifier(
            id=device,
            name_zh=lot.name_zh,
            name_en=lot.name_en,
            purposes=["parking"],
            claims=[],
            verifier_group="parking",
            latitude=lot.latitude,
            longitude=lot.longitude,
            secret=b"",
            registered_at=_CLOCK.now(),
        )
        await verifiers.register(session, _CLOCK, cipher, row)
        await record(session, _CLOCK, "verifier.registered", f"verifier:{device}", group=row.verifier_group)


async def _sticker(session: AsyncSession, cipher: FieldCipher, lot: ParkingLot, lane: ParkingLane) -> StaticCode:
    way_zh, way_en = ("入口", "in") if lane.direction == "enter" else ("出口", "out")
    place = StaticCode(
        object_id=b"",
        short_code="",
        kind="gate",
        reference=f"gate:{lane.id}",
        name_zh=f"{lot.name_zh} {way_zh}",
        name_en=f"{lot.name_en}, {way_en}",
        street_zh=lot.address_zh,
        street_en=lot.address_en,
        latitude=lot.latitude,
        longitude=lot.longitude,
        kid=0,
        created_at=_CLOCK.now(),
    )
    return await sticker(session, cipher, place)


async def _site(
    session: AsyncSession, cipher: FieldCipher, lanes: Sequence[ParkingLane], tokens: tuple[str, str]
) -> SiteFile:
    """Return what the box is installed with."""
    device = await session.get_one(CodeVerifier, UUID(lanes[0].device_id))
    signer = (await keys.load(session, cipher, _CLOCK)).signer(LISTS, _CLOCK.now())
    return SiteFile(
        lot=lanes[0].lot_id,
        device=device.id,
        secret=verifiers.secret_of(cipher, device).decode(),
        token=tokens[0],
        booth_token=tokens[1],
        list_key=f"{signer.kid.hex()}:{signer.private.public_key().public_bytes_raw().hex()}",
        lanes=tuple(SiteLane(name=each.name, direction=each.direction, fail_open=each.fail_open) for each in lanes),
    )


def _gate(settings: Settings, site: SiteFile, port: int) -> Unit:
    """The box, which has nothing of the platform's but its address; a lot that is made anew has a new store."""
    state, cloud = state_path(settings), url(settings.gateway_host, settings.gateway_port)
    path = _site_path(settings)
    words = ["--site", str(path), "--cloud", cloud, "--store", str(path.with_name(f"{site.lot}.sqlite"))]
    command = ourselves("gate", *words, "--host", _HOST, "--port", str(port), "--simulate")
    return program("gate", command, child_environment({}), state / "gate.log")


def _tokens(settings: Settings) -> tuple[str, str]:
    """Return what cameras and the booth send, at every start the same."""
    try:
        kept = read_site(_site_path(settings))
    except SiteFileError:  # none is there, or one of an older version
        return secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    return kept.token, kept.booth_token


def _site_path(settings: Settings) -> Path:
    return state_path(settings) / "gate" / "site.json"


def _port(wanted: int) -> int:
    try:
        return bindable(_HOST, wanted)
    except OSError:
        return bindable(_HOST, 0)
