"""Staff read what a resident shows: a pass code or an appointment's code, and check them in by it."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from flows.appointments.booking_tables import Booking, BookingEvent
from flows.appointments.persons import person_of
from flows.codes.issuing import Wanted, issue
from flows.codes.tables import CodeUse, CodeVerifier
from flows.codes.verifiers import revoke
from gateway.app import Gateway
from tests.appointments.hall import OFFICE, on
from tests.appointments.lobby import Lobby
from tests.gateway.halls.staff_of import Staff

pytestmark = pytest.mark.case("issue-6.check-in-by-staff")
NINE = on("12-01", "09:00")


async def booked(lobby: Lobby) -> tuple[UUID, Booking]:
    """Book a resident at nine, and let it be a quarter of an hour before."""
    account = await lobby.hall.resident()
    row = await lobby.hall.book(account, NINE)
    lobby.stand(NINE - timedelta(minutes=15))
    return account, row


async def shown(gateway: Gateway, account: UUID, *, signed: bool = False) -> str:
    """Return the code that a resident's phone shows."""
    async with gateway.database.session() as session:
        [one] = await issue(session, gateway.desk, account, "L1", Wanted("check_in", signed=int(signed)))
    return one.text


@pytest.mark.parametrize("signed", [False, True])
async def test_a_pass_code_checks_in(lobby: Lobby, gateway: Gateway, clerk: Staff, *, signed: bool) -> None:
    account, row = await booked(lobby)
    code = await shown(gateway, account, signed=signed)
    done = await clerk.did("/check-in", {"code": code})
    assert (done["ticket"]["number"], done["ticket"]["id"]) == ("A001", str(row.id))
    assert (await clerk.did("/check-in", {"code": code}))["ticket"] == done["ticket"]  # scanned twice at once
    assert [each["hasAppointment"] for each in done["hall"]["waiting"]] == [True]
    async with gateway.database.session() as session:
        events = (await session.exec(select(BookingEvent).where(BookingEvent.event == "check_in"))).all()
        uses = (await session.exec(select(CodeUse))).all()
    assert [(each.actor, each.details["how"]) for each in events] == [
        (f"credential:{clerk.token.split('_')[1]}", "pass_code")
    ]
    assert [(each.account_id, each.result) for each in uses] == [(account, "ok")]


async def test_a_code_counts_once(lobby: Lobby, gateway: Gateway, clerk: Staff) -> None:
    account, _ = await booked(lobby)
    code = await shown(gateway, account)
    await clerk.did("/check-in", {"code": code})
    lobby.clock.advance(timedelta(seconds=20))
    async with Staff.hired(gateway, lobby.hall, "clerk") as other:
        assert await other.refused("/check-in", {"code": code}) == (422, "PASS_CODE_REFUSED")
    async with gateway.database.session() as session:
        uses = (await session.exec(select(CodeUse.result).order_by(col(CodeUse.id)))).all()
    assert uses == ["ok", "replay"]  # what is refused is recorded, too
    assert (await clerk.did("/check-in", {"code": await shown(gateway, account)}))["ticket"]["number"] == "A001"


async def test_an_appointments_own_code_checks_in(lobby: Lobby, clerk: Staff) -> None:
    _, row = await booked(lobby)
    for code in (row.code.lower(), f" {row.code} "):
        assert (await clerk.did("/check-in", {"code": code}))["ticket"]["number"] == "A001"


async def test_who_comes_along_is_known_by_their_own_code(lobby: Lobby, gateway: Gateway, clerk: Staff) -> None:
    account, other = await lobby.hall.residents(2)
    held = await lobby.hall.hold(account, NINE)
    async with lobby.hall.database.session() as session:
        companion = await person_of(session, other)
    row = await lobby.hall.confirm(account, held, companion)
    lobby.stand(NINE - timedelta(minutes=15))
    done = await clerk.did("/check-in", {"code": await shown(gateway, other)})
    assert done["ticket"]["id"] == str(row.id)


async def test_too_early_elsewhere_and_nothing_booked(lobby: Lobby, gateway: Gateway, clerk: Staff) -> None:
    account, row = await booked(lobby)
    lobby.clock.advance(timedelta(minutes=-20))
    assert await clerk.refused("/check-in", {"code": await shown(gateway, account)}) == (409, "HALL_TOO_EARLY")
    nobody = await lobby.hall.resident()
    assert await clerk.refused("/check-in", {"code": await shown(gateway, nobody)}) == (404, "APPOINTMENT_UNKNOWN")
    await lobby.hall.load({"offices": [{**OFFICE, "code": "other"}]})
    answer = await clerk.client.post("/halls/other/check-in", json={"code": row.code})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "HALL_ELSEWHERE")


async def test_a_code_of_another_purpose_is_none(lobby: Lobby, gateway: Gateway, clerk: Staff) -> None:
    account, _ = await booked(lobby)
    async with gateway.database.session() as session:
        [code] = await issue(session, gateway.desk, account, "L1", Wanted("parking"))
    assert await clerk.refused("/check-in", {"code": code.text}) == (422, "PASS_CODE_REFUSED")


async def test_a_hall_that_may_read_no_codes_says_so(lobby: Lobby, gateway: Gateway, clerk: Staff) -> None:
    account, row = await booked(lobby)
    await clerk.did("/check-in", {"code": await shown(gateway, account)})
    async with gateway.database.session() as session:
        [hall] = (await session.exec(select(CodeVerifier))).all()
        assert (hall.name_zh, hall.latitude, hall.purposes) == ("婚姻登记处", 31.2, ["check_in"])
        await revoke(session, lobby.clock, hall.id)
    assert await clerk.refused("/check-in", {"code": await shown(gateway, account)}) == (400, "VERIFIER_REFUSED")
    assert (await clerk.did("/check-in", {"code": row.code}))["ticket"]["number"] == "A001"
