"""The box and the real platform: what happens at the gate is a session there, and what is paid there opens the gate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
from aiohttp import web
from sqlmodel import col, select, update

from flows.codes.key_sets import LISTS
from flows.gate.box import Box, open_box
from flows.gate.site_file import SiteFile
from flows.gate.wire import CodeShown, OpenedByHand, PaidHere, PlateRead
from flows.parking.errors import UnknownSessionError
from flows.parking.exit_receipts import exit_receipt
from flows.parking.recording import record_by_phone
from flows.parking.tables import ParkingLane
from gateway.app import Gateway
from tests.codes.office import Office
from tests.gate.conftest import heard
from tests.gate.platform import free_port
from tests.parking.lots import PLATE, Lot

MINUTE = timedelta(minutes=1)


@asynccontextmanager
async def served(gateway: Gateway) -> AsyncIterator[str]:
    """Yield the origin of the gateway, on loopback."""

    async def forward(request: web.Request) -> web.Response:
        origin = f"http://{request.host}"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url=origin) as client:
            body, headers = await request.read(), dict(request.headers)
            answer = await client.request(request.method, request.path_qs, content=body, headers=headers)
        return web.Response(
            status=answer.status_code, body=answer.content, headers={"etag": answer.headers.get("etag", "")}
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", free_port())
        await site.start()
        yield site.name
    finally:
        await runner.cleanup()


@pytest.fixture
async def office(lot: Lot) -> Office:
    made = Office(lot.database, lot.redis, lot.keys.cipher, lot.clock)
    await made.open()
    return made


@pytest.fixture
async def gate(lot: Lot, office: Office, tmp_path: Path) -> AsyncIterator[Box]:
    """A box that is registered, and has heard the platform."""
    verifier = await office.gate()
    async with lot.database.session() as session:
        lanes = update(ParkingLane).where(col(ParkingLane.lot_id) == lot.row.id)
        await session.exec(lanes.values(device_id=str(verifier.id), fail_open=True))
    signer = office.desk.keys().signer(LISTS, lot.clock.now())
    list_key = f"{signer.kid.hex()}:{signer.private.public_key().public_bytes_raw().hex()}"
    file = SiteFile(
        lot=lot.row.id,
        device=verifier.id,
        secret=office.secret,
        token="a-token-of-the-site",
        booth_token="a-token-of-the-booth",
        list_key=list_key,
    )
    gateway = Gateway(lot.settings, clock=lot.clock)
    async with (
        gateway.running(),
        served(gateway) as origin,
        open_box(file, origin, tmp_path / "store", lot.clock, follow=False) as box,
    ):
        await heard(box)
        yield box


async def synced(box: Box) -> None:
    await box.syncing.send()
    await box.syncing.fetch_snapshot()


@pytest.mark.case("issue-5-must-show-1")
async def test_scan_park_pay_and_leave(gate: Box, lot: Lot) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE, colour="blue"))
    await synced(gate)
    lot.clock.advance(61 * MINUTE)
    await gate.syncing.beat()
    asked = await gate.site.plate_read("exit", PlateRead(plate=PLATE, colour="blue"))
    assert (asked.decision, asked.amount_fen) == ("pay", 2500)
    await synced(gate)
    row = await lot.one()
    assert row.state == "pay_at_exit"
    await lot.paid(str(row.id), await lot.account())
    await gate.syncing.fetch_snapshot()
    assert (gate.passing.lanes.last["exit"].decision, gate.passing.inside.count) == ("open", 0)
    await synced(gate)
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("exited", 2500, 2500)
    assert await lot.ledger() == {"host": 2500, "operator": -2500}


@pytest.mark.case("issue-5-must-show-1")
async def test_a_pass_code_at_an_offline_gate_is_settled_after_sync(gate: Box, lot: Lot, office: Office) -> None:
    resident = await office.resident()
    gate.cloud.cut(cut=True)
    for lane, expected in (("enter", "enter"), ("exit", "released_unpaid")):
        code = await office.code(resident, signed=1)
        answer = await gate.site.code_shown(lane, CodeShown(text=code))
        assert (answer.decision, answer.reason) == ("open", expected)
        lot.clock.advance(61 * MINUTE)
    gate.cloud.cut(cut=False)
    await synced(gate)
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen, row.released) == ("released_unpaid", 2500, 0, "released_unpaid")
    await lot.paid(str(row.id), await lot.account())
    assert (await lot.one()).state == "paid"
    uses = await office.rows("SELECT account_id, offline FROM code_use")
    assert [(UUID(int=use["account_id"].int), use["offline"]) for use in uses] == [(resident, True)] * 2


async def test_what_was_paid_while_the_gate_is_cut_off_opens_by_its_receipt(
    gate: Box, lot: Lot, office: Office
) -> None:
    async with lot.database.session() as session:
        await session.exec(update(ParkingLane).values(fail_open=False))
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    await synced(gate)
    payer, stranger, stay = await lot.account(), await lot.account(), (await lot.one()).id

    async def receipt(account: UUID = payer) -> str:
        async with lot.database.session() as session:
            made = await exit_receipt(lot.deps(session), office.desk, account, stay)
        return made.text if made is not None else ""

    lot.clock.advance(61 * MINUTE)
    await gate.syncing.beat()
    gate.cloud.cut(cut=True)
    await lot.paid(str(stay), payer)
    shown = CodeShown(text=await receipt())
    assert await receipt() == shown.text
    with pytest.raises(UnknownSessionError):
        await receipt(stranger)
    assert (await gate.site.plate_read("exit", PlateRead(plate=PLATE))).decision == "pay"
    opened = await gate.site.code_shown("exit", shown)
    assert (opened.decision, opened.reason) == ("open", "receipt")
    gate.cloud.cut(cut=False)
    await synced(gate)
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen, await receipt()) == ("exited", 2500, 2500, "")


async def by_phone(lot: Lot) -> None:
    """The driver scans the code of the exit, and it opens for who owes nothing."""
    async with lot.database.session() as session:
        chosen = select(ParkingLane.id).where(ParkingLane.lot_id == lot.row.id, ParkingLane.name == "exit")
        lane_id = (await session.exec(chosen)).one()
        event = lot.event("exit", 0, occurred_at=lot.clock.now().isoformat())
        answer = await record_by_phone(lot.deps(session), lane_id, msgspec.json.encode(event))
    assert answer.decision.kind == "open"


@pytest.mark.parametrize("waits", [True, False])
async def test_who_left_by_phone_is_let_out_once_while_the_payment_covers(gate: Box, lot: Lot, *, waits: bool) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    await synced(gate)
    lot.clock.advance(61 * MINUTE)
    await gate.syncing.beat()
    if waits:
        assert (await gate.site.plate_read("exit", PlateRead(plate=PLATE))).decision == "pay"
        await synced(gate)
    await lot.paid(str((await lot.one()).id), await lot.account())
    await by_phone(lot)
    await gate.syncing.fetch_snapshot()
    last = gate.passing.lanes.last["exit" if waits else "enter"]
    assert (last.decision, last.reason) == ("open", "again" if waits else "enter")
    lot.clock.advance(10 * MINUTE)  # a queue
    answer = await gate.site.plate_read("exit", PlateRead(plate=PLATE))
    assert (answer.decision, answer.reason) == (("booth", "no_entry") if waits else ("open", "again"))
    assert gate.passing.inside.count == 0
    await synced(gate)
    rows = await lot.sessions()
    assert (rows[0].state, rows[0].closing_fen, rows[0].paid_fen) == ("exited", 2500, 2500)
    assert len(rows) == 1 + waits  # of who came a second time


async def test_who_left_by_phone_within_the_free_minutes_is_let_out(gate: Box, lot: Lot) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    await synced(gate)
    lot.clock.advance(10 * MINUTE)
    await by_phone(lot)
    await gate.syncing.fetch_snapshot()
    lot.clock.advance(2 * MINUTE)
    answer = await gate.site.plate_read("exit", PlateRead(plate=PLATE))
    assert (answer.decision, answer.reason, answer.amount_fen) == ("open", "again", 0)
    await synced(gate)
    assert (await lot.one()).state == "exited"


async def test_cash_at_the_lane_is_owed_no_more(gate: Box, lot: Lot) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    lot.clock.advance(61 * MINUTE)
    await gate.syncing.beat()
    await gate.site.plate_read("exit", PlateRead(plate=PLATE))
    await gate.site.paid_here("exit", PaidHere(amount_fen=2500))
    await synced(gate)
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("exited", 2500, 2500)
    assert await lot.ledger() == {}


async def test_cash_after_the_arm_was_lifted_by_hand_counts_for_who_left(gate: Box, lot: Lot) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    lot.clock.advance(61 * MINUTE)
    await gate.syncing.beat()
    await gate.site.plate_read("exit", PlateRead(plate=PLATE))
    await gate.site.opened_by_hand("exit", OpenedByHand(reason="queue"))
    await synced(gate)
    lot.clock.advance(5 * MINUTE)
    late = await gate.site.paid_here("exit", PaidHere(amount_fen=2500))
    assert (late.decision, late.reason) == ("booth", "again")
    await synced(gate)
    row = await lot.one()
    assert (row.closing_fen, row.paid_fen) == (2500, 2500)


@pytest.mark.parametrize(("kind", "minutes"), [("enter", 0), ("enter", 1), ("exit", 61)])
async def test_what_a_site_took_counts_with_whichever_event_it_is_told(lot: Lot, kind: str, minutes: float) -> None:
    events = [lot.event("enter", 0), lot.event("exit", 60, opened=True)]
    paid = lot.event(kind, minutes, paid_fen=1500) | ({"opened": True} if kind == "exit" else {})
    await lot.send(*events, paid)
    row = await lot.one()
    assert (row.closing_fen, row.paid_fen, row.state) == (1500, 1500, "exited")


@pytest.mark.case("PK-10")
async def test_who_is_inside_when_the_tariff_changes_pays_by_the_old_one(gate: Box, lot: Lot) -> None:
    await gate.site.plate_read("enter", PlateRead(plate=PLATE))
    await synced(gate)
    lot.clock.advance(30 * MINUTE)
    dear = {"minutes": 30, "fen": 9900}
    bands = [{"name": "day", "begin": "00:00", "end": "24:00", "unit": dear}]
    await lot.publish({"rates": [{"bands": bands}]}, lot.clock.now() + MINUTE)
    lot.clock.advance(31 * MINUTE)
    await gate.syncing.fetch_snapshot()
    await gate.syncing.beat()
    await gate.site.plate_read("enter", PlateRead(plate="沪B54321"))
    lot.clock.advance(MINUTE)
    asked = [await gate.site.plate_read("exit", PlateRead(plate=plate)) for plate in (PLATE, "沪B54321")]
    assert [each.amount_fen for each in asked] == [2500, 9900]
