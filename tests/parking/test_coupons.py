"""Shops take an amount off what a vehicle inside has to pay: before and after it was paid, late, and taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from auth.sessions.access_tokens import PARKING, ProgramToken, sign
from flows.parking import couponing
from flows.parking.couponing import MISSES, NewCoupon, revoke
from flows.parking.disputing import decide_dispute, dispute
from flows.parking.errors import CouponRefusedError, UnknownSessionError
from flows.parking.operating import Speaker
from flows.parking.session_tables import ParkingCoupon
from flows.parking.site_snapshot import SiteSnapshot
from tests.parking.lots import PLATE, Lot
from tests.parking.town import GARAGE, HOSPITAL, Box, Program, Town

MINUTE = timedelta(minutes=1)
COUPONS = "/parking/coupons"
SHOP = Speaker("shop", frozenset({"garages"}), is_shop=True)


def coupon(**more: Any) -> dict[str, Any]:
    return {"amount_fen": 500, "given_by": "云州百货", "reference": "slip 1", "plate": PLATE} | more


async def granted(program: Program, **more: Any) -> dict[str, Any]:
    answer = await program.post(COUPONS, coupon(**more))
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_shop_grants_lists_and_revokes(town: Town, box: Box) -> None:
    session = (await box.passes("enter", 0))["session_id"]
    await box.passes("enter", 1, "", ticket="T-17")
    shop, ours = await town.program("shop", scope="parking:discount"), await town.program()
    here = (await town.place(GARAGE))["id"]
    made = await granted(shop, plate="沪A·12345", place_id=here)
    assert (made["amountFen"], made["revokedAt"], "sessionId" in made) == (500, None, False)
    assert (await granted(shop, place_id=here))["id"] == made["id"]  # by another key
    own = await granted(ours, session_id=session, plate="", amount_fen=700)
    assert own["sessionId"] == session
    ticket = await granted(shop, plate="", ticket="T-17", reference="slip 2", place_id=here)
    for wrong, status in (
        ({"place_id": None}, 400),  # a shop knows where it is
        ({"amount_fen": 600}, 409),  # a slip is for one amount
        ({"plate": "", "ticket": "T-17"}, 409),  # and for one vehicle
        ({"plate": "沪B88888", "reference": "3"}, 404),
        ({"reference": "3", "place_id": (await town.place(HOSPITAL))["id"]}, 404),
        ({"reference": "3", "session_id": session}, 400),
        ({"reference": "3", "plate": ""}, 400),
        ({"reference": "3", "amount_fen": 0}, 400),
        ({"reference": "3", "amount_fen": 20_000}, 409),  # with those before
        ({"reference": "3", "amount_fen": 20_001}, 400),
        ({"reference": "3", "session_id": str(uuid4()), "plate": ""}, 404),
    ):
        assert (wrong, (await shop.post(COUPONS, coupon(**{"place_id": here} | wrong))).status_code) == (wrong, status)
    listed = (await shop.get(COUPONS)).json()["items"]
    assert [(each["id"], "sessionId" in each) for each in listed] == [(made["id"], False), (ticket["id"], False)]
    of_session = (await ours.get(f"{COUPONS}?sessionId={session}&limit=1&after={made['id']}")).json()
    assert ([each["id"] for each in of_session["items"]], of_session["next"]) == ([own["id"]], None)
    assert PLATE not in (await shop.get(COUPONS)).text
    stays = {each["id"]: each["couponsFen"] for each in (await ours.get("/parking/sessions")).json()["items"]}
    assert stays[session] == 1200

    path = f"{COUPONS}/{own['id']}/revocation"
    assert (await shop.post(path, {"reason": "wrong_slip"})).status_code == 404
    for reason in ("wrong_slip", "again"):
        assert (await ours.post(path, {"reason": reason})).json()["revokedAt"] is not None
    assert (await ours.post(f"{COUPONS}/{made['id']}/revocation", {"reason": "wrong_slip"})).status_code == 200
    entries = await town.rows("SELECT actor, action FROM audit_entry WHERE action LIKE 'parking_coupon%' ORDER BY seq")
    assert [(each["actor"], each["action"].partition(".")[2]) for each in entries] == [
        ("client:shop", "granted"), ("client:car-parks", "granted"), ("client:shop", "granted"),
        ("client:car-parks", "revoked"), ("client:car-parks", "revoked"),
    ]  # fmt: skip


async def test_a_shop_does_not_try_out_who_is_inside(town: Town, box: Box) -> None:
    await box.passes("enter", 0)
    here, shop = (await town.place(GARAGE))["id"], await town.program("shop", scope="parking:discount")
    for _ in range(MISSES.most):
        assert (await shop.post(COUPONS, coupon(plate="沪B88888", place_id=here))).status_code == 404
    for plate in (PLATE, "沪B88888"):  # nor does it hear any more who is
        refused = await shop.post(COUPONS, coupon(plate=plate, place_id=here))
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "TOO_MANY_ATTEMPTS")
    await granted(await town.program("other", scope="parking:discount"), place_id=here)


async def test_others_lots_are_none_of_a_programs_business(town: Town, box: Box) -> None:
    session = (await box.passes("enter", 0))["session_id"]
    made, here = await granted(await town.program()), (await town.place(GARAGE))["id"]
    for rival in (
        await town.program("rival", "elsewhere"),
        await town.program("rivals", "elsewhere", "parking:discount"),
    ):
        assert (await rival.get(COUPONS)).json()["items"] == []
        assert (await rival.post(COUPONS, coupon(place_id=here))).status_code == 404
        assert (await rival.post(COUPONS, coupon(plate="", session_id=session))).status_code == 404
        assert (await rival.post(f"{COUPONS}/{made['id']}/revocation", {"reason": "wrong_slip"})).status_code == 404


async def test_a_token_without_a_scope_that_would_do_is_told_which_would(town: Town) -> None:
    environment, now = town.gateway.environment, town.clock.now()
    begins = int(now.timestamp())
    token = ProgramToken(
        iss=environment.issuer,
        sub="mall",
        aud=PARKING,
        exp=begins + 300,
        iat=begins,
        jti="1",
        client_id="mall",
        scope="",
    )
    headers = {"authorization": f"Bearer {sign(token, environment.ring(), now)}"}
    for path, scopes in ((COUPONS, "parking:operate or parking:discount"), ("/parking/sessions", "parking:operate")):
        refused = await town.client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["error"]["message"]) == (403, f"The token lacks the scope {scopes}")


async def test_the_exit_and_the_box_see_it(town: Town, box: Box) -> None:
    program = await town.program()
    await box.passes("enter", 0)
    before = (await box.get("/parking/site/snapshot")).json()["revision"]
    box.until(30)
    made = await granted(program, amount_fen=500)
    changed = (await box.get(f"/parking/site/snapshot?after={before}")).content
    [told] = msgspec.json.decode(changed, type=SiteSnapshot).sessions
    assert [each.amount_fen for each in told.coupons] == [500]
    asked = await box.leaves(61)
    assert (asked["decision"], asked["amount_fen"]) == ("pay", 2000)
    assert (await granted(program, amount_fen=9999, reference="slip 2"))["id"] != made["id"]
    gone = await box.leaves(62)
    assert (gone["decision"], gone["reason"]) == ("open", "nothing_due")
    [row] = (await program.get("/parking/sessions")).json()["items"]
    assert (row["state"], row["feeFen"], row["couponsFen"]) == ("exited", 0, 2500)  # what was used of 10,499
    late = await program.post(COUPONS, coupon(plate="", session_id=row["id"], reference="slip 3"))
    used = await program.post(f"{COUPONS}/{made['id']}/revocation", {"reason": "wrong_slip"})
    assert (late.status_code, used.status_code) == (409, 409)
    assert (await granted(program))["id"] == made["id"]  # what was lost on the way may still be asked again


async def grant(lot: Lot, session_id: str, fen: int, reference: str = "1") -> ParkingCoupon:
    async with lot.database.session() as session:
        wanted = NewCoupon(amount_fen=fen, given_by="百货", reference=reference, session_id=UUID(session_id))
        return await couponing.grant(lot.deps(session), SHOP, wanted)


async def take_back(lot: Lot, made: ParkingCoupon) -> None:
    async with lot.database.session() as session:
        await revoke(lot.deps(session), SHOP, made.id, "wrong_slip")


async def test_granted_paid_left(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.quote(entered.session_id)
    made = await grant(lot, entered.session_id, 600)
    quoted = await lot.quote(entered.session_id)
    assert (quoted.fee_fen, quoted.due_fen) == (900, 900)
    assert [(each["kind"], each["amount_fen"]) for each in quoted.lines] == [("band", 1500), ("coupon", -600)]
    await lot.paid(entered.session_id, await lot.account())
    with pytest.raises(CouponRefusedError, match="used"):
        await take_back(lot, made)
    left = await lot.passes("exit", 40)
    assert (left.decision.kind, left.decision.reason) == ("open", "in_grace")
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen, row.coupons_fen) == ("exited", 900, 900, 600)
    assert await lot.ledger() == {"host": 900, "operator": -900}


async def test_a_coupon_after_paying_lowers_only_what_is_still_to_come(lot: Lot) -> None:
    me = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.paid(entered.session_id, me)
    await grant(lot, entered.session_id, 1800)
    assert (await lot.quote(entered.session_id)).due_fen == 0
    asked = await lot.passes("exit", 50, opened=None)  # the grace is over: 1500 were paid, 1500 are the first hour
    assert (asked.decision.kind, asked.decision.reason) == ("open", "nothing_due")
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen, row.coupons_fen) == ("exited", 1500, 1500, 0)
    await lot.work()
    assert await lot.ledger() == {"host": 1500, "operator": -1500}  # nothing goes back


async def test_a_delta_after_the_grace_is_lowered(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await lot.paid(entered.session_id, await lot.account())
    await grant(lot, entered.session_id, 1800)
    for minutes, due in ((85, 0), (100, 200)):  # 2,500 and 3,500 by the tariff
        lot.clock.advance(minutes * MINUTE - (lot.clock.now() - (await lot.one()).opened_at))
        assert (minutes, (await lot.quote(entered.session_id)).due_fen) == (minutes, due)
    asked = await lot.passes("exit", 101)
    assert (asked.decision.kind, asked.decision.due_fen) == ("pay", 200)


async def test_an_order_that_was_begun_before_the_coupon_pays_what_it_says(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    order = await lot.order(entered.session_id, await lot.account())
    number = await lot.attempt(order)
    lot.clock.advance(MINUTE)
    made = await grant(lot, entered.session_id, 600)
    await lot.host_says_paid(number, order.amount)
    await lot.work()
    await take_back(lot, made)  # nobody has paid by it
    await lot.passes("exit", 40)
    await lot.work()
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen) == ("exited", 1500, 1500)
    assert await lot.ledger() == {"host": 1500, "operator": -1500}


async def test_a_box_that_has_not_heard_takes_the_whole_fee_and_the_coupon_is_not_used(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    lot.clock.advance(30 * MINUTE)
    await grant(lot, entered.session_id, 600)
    await lot.passes("exit", 40, opened=True, paid_fen=1500)
    await lot.work()
    row = await lot.one()
    assert (row.state, row.closing_fen, row.paid_fen, row.coupons_fen) == ("exited", 1500, 1500, 0)


async def test_what_came_too_much_for_another_reason_goes_back_with_the_coupon_kept(lot: Lot) -> None:
    me = await lot.account()
    entered = await lot.passes("enter", 0)
    lot.clock.advance(70 * MINUTE)
    await grant(lot, entered.session_id, 600)
    lot.clock.advance(MINUTE)
    await lot.paid(entered.session_id, me)
    await lot.passes("exit", 50, opened=True)  # it had left before it paid: the camera was late
    await lot.work()
    row = await lot.one()
    assert (row.closing_fen, row.paid_fen, row.coupons_fen) == (900, 900, 600)
    async with lot.database.session() as session:
        made = await dispute(lot.deps(session), row.id, me, "other")
        await decide_dispute(lot.deps(session), made.id, "client:test", 100)
    await lot.work()
    assert (await lot.one()).paid_fen == 100  # what a person decides stands above coupons


async def test_coupons_are_inputs_as_payments_are_whatever_the_order_of_events(lot: Lot) -> None:
    events = [lot.event("enter", 10), lot.event("exit", 100, opened=True, reason="fail_open")]
    earlier = lot.event("enter", 5)  # the same passage, seen a little before; heard late
    [entered] = await lot.send(events[0])
    await grant(lot, entered.session_id, 600)
    await lot.send(events[1])
    assert [each.closing_fen for each in await lot.sessions()] == [1900]
    late = lot.event("enter", 9)
    await lot.send(late, *events)
    [row] = [each for each in await lot.sessions() if each.closing_fen is not None]
    assert (str(row.id) == entered.session_id, row.closing_fen, row.coupons_fen) == (False, 2900, 600)
    await lot.send(earlier)
    assert sum(each.coupons_fen for each in await lot.sessions()) == 600


async def test_it_is_over_with_the_session(lot: Lot) -> None:
    entered = await lot.passes("enter", 0)
    await grant(lot, entered.session_id, 20_000)
    with pytest.raises(CouponRefusedError, match="too much"):
        await grant(lot, entered.session_id, 1, "2")
    await lot.work(timedelta(hours=73))
    row = await lot.one()
    assert (row.state, row.closing_fen) == ("closed_by_operator", 0)
    with pytest.raises(CouponRefusedError, match="left"):
        await grant(lot, entered.session_id, 1, "3")
    async with lot.database.session() as session:
        wanted = NewCoupon(amount_fen=1, given_by="百货", reference="3", plate=PLATE)
        with pytest.raises(UnknownSessionError, match="Nobody is inside"):
            await couponing.grant(lot.deps(session), SHOP, wanted)
