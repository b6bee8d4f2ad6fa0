"""What people decide about stays: disputes, write-offs, releases; and what becomes of it when events say more."""

from uuid import UUID

import pytest

from flows.parking.disputing import dispute
from flows.parking.operating import waive
from tests.parking.lots import NINE, Lot
from tests.parking.test_paying import DAY, OURS, notices, orders, signed


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
