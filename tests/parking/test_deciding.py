"""What people decide about stays: disputes, write-offs, releases; and what becomes of it when events say more."""

import asyncio
import json
from uuid import UUID

import pytest
from sqlmodel import select

from flows.parking.collecting import debit_failed, settle_session
from flows.parking.disputing import decide_dispute, dispute
from flows.parking.errors import ActRefusedError, DisputeRefusedError
from flows.parking.operating import release, waive
from flows.parking.repairing import repair
from flows.parking.session_tables import ParkingPayment
from tests.parking.lots import NINE, Lot
from tests.parking.test_paying import DAY, MINUTE, OURS, notices, orders, signed


@pytest.mark.parametrize("act", ["debit", "waive", "dispute"])
async def test_what_was_decided_of_a_stay_goes_on_when_it_turns_out_to_be_part_of_another(lot: Lot, act: str) -> None:
    account, _ = await signed(lot) if act == "debit" else (await lot.account(), None)
    await lot.passes("enter", 0)
    second = UUID((await lot.passes("enter", 3)).session_id)
    await lot.passes("exit", 60, opened=True)
    async with lot.database.session() as session:
        if act == "waive":
            await waive(lot.deps(session), OURS, second, "camera_broken")
        elif act == "dispute":
            opened = await dispute(lot.deps(session), second, account, "wrong_time")
    await lot.work()
    placed = [order.id for order in await orders(lot)]
    await lot.passes("enter", 1.5)  # it was one passage
    await lot.work(8 * DAY)
    row = await lot.one()
    assert (row.entered_at, [order.id for order in await orders(lot)]) == (NINE, placed)
    if act == "debit":
        assert len(placed) == 1
        return
    assert await notices(lot) == []
    assert row.state == {"waive": "written_off", "dispute": "disputed"}[act]
    if act == "dispute":
        async with lot.database.session() as session:
            assert (await dispute(lot.deps(session), row.id, account, "wrong_fee")).id == opened.id


@pytest.mark.parametrize("act", ["debit", "waive", "dispute", "decide"])
async def test_what_was_decided_of_a_stay_leaves_with_it_when_two_turn_out_to_be_two_after_all(
    lot: Lot, act: str
) -> None:
    account, _ = await signed(lot) if act == "debit" else (await lot.account(), None)
    await lot.passes("enter", 0)
    second = UUID((await lot.passes("enter", 3)).session_id)
    await lot.passes("exit", 60, opened=True)
    async with lot.database.session() as session:
        if act == "debit":
            await settle_session(lot.deps(session), second)
        elif act == "waive":
            await waive(lot.deps(session), OURS, second, "camera_broken")
        else:
            opened = await dispute(lot.deps(session), second, account, "wrong_time")
    await lot.passes("enter", 1.5)  # it was one passage
    assert (await lot.one()).id != second
    if act == "decide":
        async with lot.database.session() as session:
            await decide_dispute(lot.deps(session), opened.id, "staff:1", 300)
    await lot.passes("exit", 2, opened=True)  # it was not
    first, row = await lot.sessions()
    assert (first.debited_at, first.written_off_at, first.dispute, first.adjusted_fen) == (None, None, "", None)
    assert (row.id, row.debited_at is None, row.written_off_at is None) == (second, act != "debit", act != "waive")
    said = {"dispute": ("open", None), "decide": ("decided", 300)}
    assert (row.dispute, row.adjusted_fen) == said.get(act, ("", None))


async def test_a_write_off_stays_with_the_exit_when_the_plate_of_the_entry_was_another(lot: Lot) -> None:
    late = lot.event("enter", 0, "沪A12345")
    exit_ = UUID((await lot.passes("exit", 60, "沪A12346", opened=True, confidence=0.99)).session_id)
    async with lot.database.session() as session:
        await waive(lot.deps(session), OURS, exit_, "camera_broken")
    await lot.send(late)
    entry = await lot.one()
    assert (entry.match, entry.written_off_at is None) == ("fuzzy", False)
    async with lot.database.session() as session:
        await repair(lot.deps(session), OURS, entry.id, "沪B99999")
    assert [(row.id, row.written_off_at is None) for row in await lot.sessions()] == [(entry.id, True), (exit_, False)]


async def test_a_write_off_goes_with_the_exit_to_the_entry_that_it_is_of_after_all(lot: Lot) -> None:
    near, right = lot.event("enter", 0, "沪A12345"), lot.event("enter", 10, "沪A12346")
    exit_ = await lot.passes("exit", 60, "沪A12346", opened=True, confidence=0.99)
    async with lot.database.session() as session:
        await waive(lot.deps(session), OURS, UUID(exit_.session_id), "camera_broken")
    for late in (near, right):
        await lot.send(late)
    states = [(row.entered_at - NINE, row.state) for row in await lot.sessions() if row.entered_at]
    assert states == [(0 * MINUTE, "entered"), (10 * MINUTE, "written_off")]


@pytest.mark.parametrize("act", ["dispute", "debit"])
async def test_a_stay_that_is_disputed_or_debited_at_this_moment_is_not_debited(lot: Lot, act: str) -> None:
    account, _ = await signed(lot)
    entered = UUID((await lot.passes("enter", 0)).session_id)
    await lot.passes("exit", 60)

    async def settled() -> None:
        async with lot.database.session() as session:
            await settle_session(lot.deps(session), entered)

    async with lot.database.session() as session:
        if act == "dispute":
            await dispute(lot.deps(session), entered, account, "wrong_time")
        else:
            await settle_session(lot.deps(session), entered)
            await debit_failed(lot.deps(session), (await session.exec(select(ParkingPayment))).one().order_id)
        settling = asyncio.create_task(settled())
        await asyncio.wait([settling], timeout=0.5)
    await settling
    assert len(await orders(lot)) == (1 if act == "debit" else 0)


async def test_a_rejected_dispute_leaves_the_fee_to_what_events_say(lot: Lot) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(70 * MINUTE)
    await lot.paid(entered.session_id, account)
    await lot.passes("exit", 71)
    async with lot.database.session() as session:
        opened = await dispute(lot.deps(session), UUID(entered.session_id), account, "wrong_time")
        assert (await decide_dispute(lot.deps(session), opened.id, "staff:1", 2500)).state == "rejected"
    await lot.passes("exit", 20, opened=True, offline=True)
    await lot.work()
    row = (await lot.sessions())[0]
    assert (row.closing_fen, row.adjusted_fen, row.paid_fen) == (1500, None, 1500)


async def test_a_second_dispute_is_about_what_the_first_one_decided(lot: Lot) -> None:
    account = await lot.account()
    entered = UUID((await lot.passes("enter", 0)).session_id)
    await lot.passes("exit", 61, opened=True)
    decided: list[str] = []
    for fee in (300, 300, 200):
        async with lot.database.session() as session:
            opened = await dispute(lot.deps(session), entered, account, "wrong_time")
        async with lot.database.session() as session:
            with pytest.raises(DisputeRefusedError, match="from 0 to"):
                await decide_dispute(lot.deps(session), opened.id, "staff:1", 2501 if not decided else 301)
        async with lot.database.session() as session:
            decided.append((await decide_dispute(lot.deps(session), opened.id, "staff:1", fee)).state)
        assert (await lot.one()).adjusted_fen == fee
    assert decided == ["adjusted", "rejected", "adjusted"]
    said = "SELECT details FROM audit_entry WHERE action = 'parking_dispute.decided' ORDER BY seq"
    was = [json.loads(each["details"])["was_fen"] for each in await lot.database.pool.fetch(said)]
    assert was == [2500, 300, 300]


async def test_what_is_written_off_is_what_was_owed_after_a_dispute(lot: Lot) -> None:
    account = await lot.account()
    entered = UUID((await lot.passes("enter", 0)).session_id)
    await lot.passes("exit", 61, opened=True)
    async with lot.database.session() as session:
        opened = await dispute(lot.deps(session), entered, account, "wrong_time")
        await decide_dispute(lot.deps(session), opened.id, "staff:1", 2000)
        await waive(lot.deps(session), OURS, entered, "camera_broken")
    said = "SELECT details FROM audit_entry WHERE action = 'parking_session.written_off'"
    assert '"waived_fen": 2000' in await lot.database.pool.fetchval(said)


async def test_a_release_that_lets_nobody_out_is_refused(lot: Lot) -> None:
    first, second = [UUID((await lot.passes("enter", minute)).session_id) for minute in (0, 60)]
    with pytest.raises(ActRefusedError, match="has entered again"):
        async with lot.database.session() as session:
            await release(lot.deps(session), OURS, first, "exit", "ambulance")
    assert [row.left_at for row in await lot.sessions()] == [None, None]
    await lot.database.pool.execute("UPDATE parking_lane SET closed_at = now() WHERE name = 'exit'")
    async with lot.database.session() as session:
        with pytest.raises(ActRefusedError, match="no exit lane"):
            await release(lot.deps(session), OURS, second, "exit", "ambulance")
