"""Quoted, paid, left; paid twice, late or never; debited, reminded, disputed, lost and found."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from sqlmodel import select

from flows.parking.collecting import debit_failed, settle_session
from flows.parking.disputing import decide_dispute, dispute
from flows.parking.errors import AlreadyCoveredError, DisputeRefusedError, PaymentUnderwayError, VehicleTakenError
from flows.parking.exit_decision import Decision
from flows.parking.finding import session_of
from flows.parking.gathering import touched_session
from flows.parking.operating import Speaker, waive
from flows.parking.ownership import sessions_held
from flows.parking.recording import record_by_phone
from flows.parking.session_tables import ParkingNotice, ParkingScan
from flows.parking.tables import ParkingLane
from flows.parking.vehicles import claim, end, prove
from flows.payments import mandates
from flows.payments.errors import RepeatedDifferentlyError
from flows.payments.ordering import locked
from flows.payments.tables import DebitMandate, PaymentOrder, PaymentRefund
from kernel.money import Fen
from tests.parking.lots import NINE, PLATE, Lot

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OURS = Speaker("client", frozenset({"garages"}))


async def orders(lot: Lot) -> list[PaymentOrder]:
    async with lot.database.session() as session:
        return list((await session.exec(select(PaymentOrder).order_by(PaymentOrder.id))).all())  # type: ignore[arg-type]  # a column


async def notices(lot: Lot) -> list[tuple[str, int, UUID | None]]:
    async with lot.database.session() as session:
        rows = (await session.exec(select(ParkingNotice).order_by(ParkingNotice.id))).all()  # type: ignore[arg-type]  # a column
        return [(row.kind, row.amount_fen, row.account_id) for row in rows]


async def test_quote_pay_and_leave(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    quoted = await lot.quote(entered.session_id)
    assert (quoted.due_fen, quoted.next_raise_at) == (1500, NINE + timedelta(hours=1, seconds=1))
    assert (await lot.one()).state == "quoted"
    await lot.paid(entered.session_id, await lot.account())
    assert (await lot.one()).state == "prepaid"
    left = await lot.passes("exit", 40)
    assert (left.decision.kind, left.decision.reason) == ("open", "in_grace")
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("exited", 1500, 1500)
    assert await lot.ledger() == {"host": 1500, "operator": -1500}


async def test_who_pays_again_before_the_session_has_heard_of_the_money_is_told_so(lot: Lot) -> None:
    me = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    order = await lot.order(entered.session_id, me)
    await lot.host_says_paid(await lot.attempt(order), order.amount)  # and no worker is there
    lot.clock.advance(10 * MINUTE)
    with pytest.raises(PaymentUnderwayError, match="just come in"):
        await lot.order(entered.session_id, me, "another key")
    await lot.work()
    with pytest.raises(AlreadyCoveredError):
        await lot.order(entered.session_id, me, "another key")


@pytest.mark.case("PK-04")
async def test_two_taps_are_one_order_and_then_it_is_paid(lot: Lot) -> None:
    me, other = await lot.account(), await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    first = await lot.order(entered.session_id, me)
    assert (await lot.order(entered.session_id, me)).id == first.id
    assert (await lot.order(entered.session_id, me, "another key")).id == first.id
    with pytest.raises(PaymentUnderwayError):
        await lot.order(entered.session_id, other)
    await lot.host_says_paid(await lot.attempt(first), 1500)
    await lot.work()
    for account in (me, other):
        with pytest.raises(AlreadyCoveredError, match="already paid until 09:45"):
            await lot.order(entered.session_id, account, "a third key")
    assert (await lot.order(entered.session_id, me)).id == first.id
    assert len(await orders(lot)) == 1
    second = await lot.passes("enter", 30, "沪B11111")
    lot.clock.advance(30 * MINUTE)
    with pytest.raises(RepeatedDifferentlyError):
        await lot.order(second.session_id, me)


@pytest.mark.case("PK-04")
@pytest.mark.parametrize("keys", [("key", "key"), ("key", "another key")])
async def test_two_taps_at_one_moment_are_one_order(lot: Lot, keys: tuple[str, str]) -> None:
    me = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    first, second = await asyncio.gather(*(lot.order(entered.session_id, me, key) for key in keys))
    assert first.id == second.id
    assert [each.id for each in await orders(lot)] == [first.id]


@pytest.mark.case("PK-05")
@pytest.mark.parametrize(("seconds", "kind", "due"), [(-1, "open", 0), (0, "open", 0), (1, "pay", 1000)])
async def test_the_grace_ends_to_the_second(lot: Lot, seconds: int, kind: str, due: int) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(50 * MINUTE)
    await lot.paid(entered.session_id, await lot.account())
    left = await lot.passes("exit", 50 + 15 + seconds / 60)
    assert (left.decision.kind, left.decision.due_fen) == (kind, due)
    if due:
        assert (await lot.quote(entered.session_id)).due_fen == 1000
        await lot.paid(entered.session_id, await lot.account(), "delta")
        assert (await lot.passes("exit", 67)).decision.kind == "open"
        assert (await lot.one()).closing_fen == 2500


@pytest.mark.case("PK-06")
@pytest.mark.parametrize("when", ["before", "after", "twice", "unpaid"])
async def test_a_callback_before_or_after_leaving_or_twice_and_none_of_what_nobody_paid(lot: Lot, when: str) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    order = await lot.order(entered.session_id, await lot.account())
    number, paid_at = await lot.attempt(order), lot.clock.now() + MINUTE
    if when in ("before", "twice"):
        await lot.host_says_paid(number, 1500, paid_at)
        await lot.work()
    await lot.passes("exit", 35, opened=True, reason="fail_open")
    if when in ("after", "twice"):
        await lot.host_says_paid(number, 1500, paid_at)
    await lot.work()
    row = await lot.one()
    if when == "unpaid":
        assert (row.state, row.paid_fen) == ("released_unpaid", 0)
        assert await lot.ledger() == {}
    else:
        assert (row.state, row.paid_fen, row.closing_fen) == ("exited", 1500, 1500)
        assert await lot.ledger() == {"host": 1500, "operator": -1500}


async def signed(lot: Lot, limit: int = 10000) -> tuple[UUID, DebitMandate]:
    """An account has its plate's mandate."""
    account = await lot.account()
    async with lot.database.session() as session:
        binding = await claim(lot.deps(session), account, PLATE, "blue")
        wanted = mandates.NewMandate(
            account_id=account, about=f"vehicle:{binding.vehicle_id}", provider="wechat", app_id="wx1",
            limit_each=Fen(limit), consent_version=1,
        )  # fmt: skip
        made = await mandates.sign(session, lot.clock, wanted, "account:1")
        return account, await mandates.step(session, lot.clock, made.id, "activate", actor="account:1")


@pytest.mark.case("PK-12")
async def test_a_debit_that_fails_is_reminded_of_and_never_tried_again(lot: Lot) -> None:
    account, _ = await signed(lot)
    entered = await lot.passes("enter", 0)
    assert (await lot.passes("exit", 60)).decision.reason == "by_mandate"
    await lot.work()  # no host of this deployment charges for stays
    [order] = await orders(lot)
    assert order.state == "closed"
    for day in (1, 6, 23, 40):
        await lot.work(timedelta(days=day))
    assert (await lot.one()).state == "arrears"
    kinds = ["debit_failed", "arrears_1", "arrears_2", "arrears_3"]
    assert await notices(lot) == [(kind, 1500, account) for kind in kinds]
    await lot.paid(entered.session_id, account)
    await lot.work(timedelta(days=50))
    row = await lot.one()
    assert (row.state, row.paid_fen, row.looked_at) == ("paid", 1500, None)
    assert len(await orders(lot)) == 2
    assert await lot.ledger() == {"host": 1500, "operator": -1500}


async def test_a_debit_that_is_paid_at_the_moment_of_leaving_makes_the_stay_no_dearer(lot: Lot) -> None:
    account, _ = await signed(lot, limit=100000)
    entered = await lot.passes("enter", 0)
    await lot.work(timedelta(hours=73))  # taken for an orphan: a day of it is due
    await lot.paid(entered.session_id, account)
    left = await lot.passes("exit", 73 * 60 + 10)
    assert (left.decision.kind, left.decision.reason) == ("open", "by_mandate")
    async with lot.database.session() as session:
        await settle_session(lot.deps(session), UUID(entered.session_id))
    debit = (await orders(lot))[-1]
    await lot.host_says_paid(await lot.attempt(debit), debit.amount)
    await lot.work()
    row = await lot.one()
    assert (debit.amount, row.closing_fen) == (left.decision.due_fen, row.paid_fen)


async def scanned(lot: Lot, kind: str, minutes: float) -> Decision:
    """A phone has scanned the code of the gate."""
    lot.clock.advance(NINE + minutes * MINUTE - lot.clock.now())
    async with lot.database.session() as session:
        lane = (await session.exec(select(ParkingLane.id).where(ParkingLane.name == kind))).one()
        return (await record_by_phone(lot.deps(session), lane, msgspec.json.encode(lot.event(kind, minutes)))).decision


async def test_nothing_is_debited_on_a_phones_word_until_a_device_has_seen_it(lot: Lot) -> None:
    await signed(lot)
    await lot.passes("enter", 0)
    assert (await scanned(lot, "exit", 60)).reason == "to_pay"
    await lot.database.pool.execute("UPDATE parking_lot SET pays_later = true")
    assert (await scanned(lot, "exit", 61)).reason == "pays_later"
    await lot.work()
    assert ((await lot.one()).state, await orders(lot)) == ("released_unpaid", [])
    await lot.passes("exit", 62, opened=True)
    await lot.work()
    assert [order.amount for order in await orders(lot)] == [2500]


async def test_the_arm_opens_by_no_mandate_that_was_used_up(lot: Lot) -> None:
    await signed(lot)
    await lot.passes("enter", 0)
    await lot.database.pool.execute("UPDATE parking_session SET debited_at = $1", NINE)
    assert (await lot.passes("exit", 60)).decision.reason == "to_pay"


@pytest.mark.parametrize("known_by", ["payment", "scan"])
async def test_who_paid_or_scanned_is_told_of_a_plate_that_nobody_owns(lot: Lot, known_by: str) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    if known_by == "payment":
        await lot.paid(entered.session_id, account)
    else:
        async with lot.database.session() as session:
            of = (await lot.one()).credential
            session.add(
                ParkingScan(account_id=account, key="1", act="enter", lot_id=lot.row.id, credential=of, at=NINE)
            )
    await lot.passes("exit", 90, opened=True)
    await lot.work(DAY)
    assert [(kind, whom) for kind, _, whom in await notices(lot)] == [("arrears_1", account)]
    await lot.passes("enter", 3000)  # somebody else drives it now
    await lot.passes("exit", 3090, opened=True)
    await lot.work(DAY)
    assert [whom for _, _, whom in await notices(lot)][-1] is None


async def test_a_debit_is_given_up_after_who_is_changing_its_session_and_nobody_waits_in_a_circle(lot: Lot) -> None:
    await signed(lot)
    entered = UUID((await lot.passes("enter", 0)).session_id)
    await lot.passes("exit", 60)
    async with lot.database.session() as session:
        await settle_session(lot.deps(session), entered)
    [order] = await orders(lot)

    async def gives_up() -> None:
        async with lot.database.session() as session:
            await debit_failed(lot.deps(session), order.id)

    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
    async with lot.database.session() as session:
        await touched_session(lot.deps(session), await session_of(session, entered))
        given_up = asyncio.create_task(gives_up())
        while not await lot.database.pool.fetchval(waiting):
            await asyncio.sleep(0.01)
        await locked(session, order.id)
    await given_up
    assert [order.state for order in await orders(lot)] == ["closed"]


@pytest.mark.case("PK-09")
async def test_a_guess_is_never_debited(lot: Lot) -> None:
    await signed(lot)
    await lot.passes("enter", 0)
    left = await lot.passes("exit", 60, "沪A12346")
    assert (left.decision.kind, left.decision.due_fen) == ("pay", 1500)
    await lot.passes("exit", 61, "沪A12346", opened=True, reason="fail_open")
    await lot.work()
    row = await lot.one()
    assert (row.match, row.state, await orders(lot)) == ("fuzzy", "released_unpaid", [])


@pytest.mark.case("PK-17")
@pytest.mark.parametrize("fee", [0, 1000, 1500])
async def test_a_dispute_gives_back_all_a_part_or_nothing(lot: Lot, fee: int) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.paid(entered.session_id, account)
    await lot.passes("exit", 40)
    async with lot.database.session() as session:
        opened = await dispute(lot.deps(session), UUID(entered.session_id), account, "wrong_time", "我九点半就走了")
    assert (await lot.one()).state == "disputed"
    async with lot.database.session() as session:
        decided = await decide_dispute(lot.deps(session), opened.id, "staff:1", fee)
    assert decided.state == ("rejected" if fee == 1500 else "adjusted")
    await lot.work()
    async with lot.database.session() as session:
        back = [row.amount for row in (await session.exec(select(PaymentRefund))).all()]
    assert back == ([1500 - fee] if fee < 1500 else [])
    assert (await lot.one()).paid_fen == fee
    held = await lot.ledger()
    assert (held.get("operator", 0), held.get("resident", 0)) == (-fee, fee - 1500)


async def test_a_dispute_is_decided_once_the_session_has_ended(lot: Lot) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    async with lot.database.session() as session:
        opened = await dispute(lot.deps(session), UUID(entered.session_id), account, "wrong_fee")
    with pytest.raises(DisputeRefusedError, match="goes on"):
        async with lot.database.session() as session:
            await decide_dispute(lot.deps(session), opened.id, "staff:1", 0)
    assert (await lot.passes("exit", 60)).decision.due_fen == 1500
    await lot.passes("exit", 61, opened=True, reason="fail_open")
    async with lot.database.session() as session:
        await decide_dispute(lot.deps(session), opened.id, "staff:1", 2000)
    row = await lot.one()
    assert (row.closing_fen, row.adjusted_fen, row.state) == (2500, 2000, "adjusted")


async def test_who_left_unseen_pays_up_to_the_next_entry(lot: Lot) -> None:
    first, _ = [(await lot.passes("enter", minute)).session_id for minute in (0, 60)]
    lot.clock.advance(5 * 60 * MINUTE)
    quoted = await lot.quote(first)
    assert (quoted.due_fen, quoted.next_raise_at) == (1500, None)


async def test_a_receipt_says_what_was_paid_and_what_was_taken_off(lot: Lot) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.paid(entered.session_id, account)
    await lot.passes("exit", 61, opened=True, reason="fail_open")
    async with lot.database.session() as session:
        opened = await dispute(lot.deps(session), UUID(entered.session_id), account, "wrong_time")
        await decide_dispute(lot.deps(session), opened.id, "staff:1", 2100)
    order = await lot.order(entered.session_id, account, "arrears")
    assert order.amount == 600
    assert [(line["text"], line["amount"]) for line in order.lines] == [
        ("09:00–10:01 计费 15.00 + 1 × 10.00 / 09:00–10:01 parked: 15.00 + 1 × 10.00", 2500),
        ("争议裁定 / decided in a dispute", -400),
        ("此前已付 / paid before", -1500),
    ]


@pytest.mark.parametrize("later", ["payment", "fee"])
async def test_what_is_too_much_goes_back_although_the_rest_was_written_off(lot: Lot, later: str) -> None:
    account = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.paid(entered.session_id, account)
    await lot.passes("exit", 61, opened=True, reason="fail_open")
    order = await lot.order(entered.session_id, account, "arrears")
    attempt = await lot.attempt(order)
    lot.clock.advance(MINUTE)
    async with lot.database.session() as session:
        await waive(lot.deps(session), OURS, UUID(entered.session_id), "camera_broken")
    if later == "payment":  # it was on its way
        await lot.host_says_paid(attempt, order.amount, lot.clock.now() + MINUTE)
    else:
        async with lot.database.session() as session:
            opened = await dispute(lot.deps(session), UUID(entered.session_id), account, "wrong_time")
            await decide_dispute(lot.deps(session), opened.id, "staff:1", 500)
    await lot.work()
    left = 1500 if later == "payment" else 500
    assert (await lot.one()).paid_fen == left
    assert await lot.ledger() == {"host": 2500 if later == "payment" else 1500, "operator": -left, "resident": -1000}


async def test_who_was_taken_for_an_orphan_and_comes_to_the_exit_can_pay_there_and_leave(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    await lot.work(timedelta(hours=73))
    assert (await lot.one()).state == "closed_by_operator"
    asked = await lot.passes("exit", 74 * 60)
    assert asked.decision.kind == "pay"
    assert (await lot.quote(entered.session_id)).due_fen == asked.decision.due_fen
    await lot.paid(entered.session_id, await lot.account())
    left = await lot.passes("exit", 74 * 60 + 5)
    assert (left.decision.kind, left.decision.reason) == ("open", "in_grace")
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("exited", asked.decision.due_fen, asked.decision.due_fen)


async def test_an_earlier_reading_that_comes_late_takes_over_what_was_paid(lot: Lot) -> None:
    account = await lot.account()
    first, second = lot.event("enter", 0), lot.event("enter", 1)
    [entered] = await lot.send(second)
    lot.clock.advance(30 * MINUTE)
    order = await lot.order(entered.session_id, account)
    await lot.send(first)
    row = await lot.one()
    assert str(row.id) != entered.session_id
    assert (await lot.order(str(row.id), account, "another key")).id == order.id  # it is under way
    await lot.host_says_paid(await lot.attempt(order), 1500)
    await lot.work()
    assert ((await lot.one()).state, (await lot.one()).paid_fen) == ("prepaid", 1500)
    assert (await lot.quote(entered.session_id)).due_fen == 0  # the first id leads on


async def test_what_a_late_event_shows_to_be_too_much_goes_back(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(70 * MINUTE)
    await lot.paid(entered.session_id, await lot.account())
    await lot.passes("exit", 20, opened=True, offline=True)
    await lot.work()
    row = await lot.one()
    assert (row.closing_fen, row.paid_fen) == (1500, 1500)
    async with lot.database.session() as session:
        assert [row.amount for row in (await session.exec(select(PaymentRefund))).all()] == [1000]


@pytest.mark.case("PK-18")
async def test_an_orphan_is_closed_after_72_hours_with_a_capped_fee(lot: Lot) -> None:
    account, _ = await signed(lot)
    async with lot.database.session() as session:
        binding = await claim(lot.deps(session), account, PLATE)
        await prove(lot.deps(session), account, binding.vehicle_id, "vehicle_licence")
    await lot.passes("enter", 0)
    await lot.work(timedelta(hours=72) - MINUTE)
    assert (await lot.one()).state == "entered"
    await lot.work(MINUTE)
    row = await lot.one()
    assert (row.state, row.closing_fen) == ("closed_by_operator", 8000 + 4000)  # a day of parking, not three
    assert await notices(lot) == [("orphan_closed", 12000, account)]
    await lot.passes("exit", 74 * 60, opened=True)
    assert (await lot.one()).closing_fen == 4 * 8000  # the exit came after all


async def test_a_session_that_cannot_be_read_keeps_no_other_from_its_time(lot: Lot) -> None:
    for minute, plate in enumerate((PLATE, "沪B11111")):
        await lot.passes("enter", minute, plate)
    await spoil(lot)
    await lot.work(timedelta(hours=73))
    assert [row.state for row in await lot.sessions()] == ["entered", "closed_by_operator"]
    await spoil(lot)
    await lot.work()
    assert [row.state for row in await lot.sessions()] == ["closed_by_operator"] * 2


@pytest.mark.parametrize("message", ["parking.settle", "parking.order_changed"])
async def test_what_failed_for_hours_is_done_once_that_is_mended(lot: Lot, message: str) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    if message == "parking.settle":
        await signed(lot)
        await lot.passes("exit", 60)
    else:
        order = await lot.order(entered.session_id, await lot.account())
        await lot.host_says_paid(await lot.attempt(order), order.amount)
    await spoil(lot)
    for _ in range(12):
        await lot.work(timedelta(hours=1))
    waiting = "SELECT task, due_at IS NULL AS given_up FROM outbox ORDER BY given_up DESC"
    told = [tuple(row) for row in await lot.database.pool.fetch(waiting) if row["task"].startswith("parking.")]
    assert told[0] == (message, True)
    await spoil(lot)
    for _ in range(3):
        await lot.work(timedelta(hours=1))
    row = await lot.one()
    assert row.debited_at is not None if message == "parking.settle" else row.paid_fen == 1500


async def spoil(lot: Lot) -> None:
    """Spoil what is sealed of the first session; twice puts it right again."""
    await lot.database.pool.execute(
        "UPDATE parking_session SET credential_text = set_byte(credential_text, 9, get_byte(credential_text, 9) # 255)"
        " WHERE id = (SELECT id FROM parking_session ORDER BY opened_at LIMIT 1)"
    )


@pytest.mark.case("PK-14")
async def test_each_owner_sees_the_trail_of_their_time(lot: Lot) -> None:
    seller, buyer, driver = [await lot.account() for _ in range(3)]
    async with lot.database.session() as session:
        deps = lot.deps(session)
        vehicle = (await claim(deps, seller, PLATE)).vehicle_id
        await prove(deps, seller, vehicle, "vehicle_licence")
        await claim(deps, driver, PLATE)
    first = await lot.passes("enter", 10)
    await lot.passes("exit", 20)
    async with lot.database.session() as session:
        await claim(lot.deps(session), buyer, PLATE)
        with pytest.raises(VehicleTakenError):
            await prove(lot.deps(session), buyer, vehicle, "vehicle_licence")
    lot.clock.advance(MINUTE)
    async with lot.database.session() as session:
        await end(lot.deps(session), seller, vehicle)
        await prove(lot.deps(session), buyer, vehicle, "vehicle_licence")
    second = await lot.passes("enter", 60)
    async with lot.database.session() as session:
        seen = {
            name: [str(row.id) for row in await sessions_held(lot.deps(session), account, 9)]
            for name, account in (("seller", seller), ("buyer", buyer), ("driver", driver))
        }
    assert seen == {"seller": [first.session_id], "buyer": [second.session_id], "driver": []}
