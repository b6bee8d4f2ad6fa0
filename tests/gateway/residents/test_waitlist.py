"""The waitlist in the graph: joining, what is offered, confirming it, leaving."""

from datetime import timedelta

from kernel.clock import SystemClock
from tests.appointments.hall import Hall
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, sign_in
from tests.gateway.residents.test_appointments import CANCEL, CONFIRM, HOLD, hall, tomorrow

__all__ = ["hall"]  # a fixture

JOIN = """mutation ($first: String!, $hours: String = "09:00-12:00", $service: String = "marriage") {
  joinWaitlist(service: $service, offices: ["hall"], windows: [{firstDay: $first, lastDay: $first, hours: $hours}]) {
    id state ahead people offices } }"""
LEAVE = "mutation ($id: ID!) { leaveWaitlist(entry: $id) { id state ahead } }"
RELEASE = "mutation ($hold: String!) { releaseAppointment(hold: $hold) }"
WAITING = """{ myAppointments { waitlist {
  id state ahead appointment offer { hold office startsAt endsAt expiresAt } } } }"""


async def test_who_could_book_a_time_is_told_so_instead_of_waiting(city: City, phones: Phones, hall: Hall) -> None:
    owner, one = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    day = tomorrow("09:00")[:10]
    await owner.data(CONFIRM, hold=(await owner.data(HOLD, at=tomorrow("09:00")))["hold"])
    said = (await one.ask(JOIN, first=day))["errors"][0]["extensions"]
    assert said["code"] == "APPOINTMENT_WAITLIST_NEEDLESS"
    assert said["office"] == "hall"
    assert said["nextFree"] == [f"{day}T{at}:00Z" for at in ("01:30", "02:00", "02:30")]
    assert (await one.data(WAITING))["waitlist"] == []
    assert (await one.data(HOLD, at=said["nextFree"][0]))["isKept"]


async def test_the_waitlist_from_joining_to_what_is_offered(city: City, phones: Phones, hall: Hall) -> None:
    owner, one, other = [await sign_in(city, phones, each) for each in ("wang", "li", "zhang")]
    day = tomorrow("09:00")[:10]
    booked = await owner.data(CONFIRM, hold=(await owner.data(HOLD, at=tomorrow("09:00")))["hold"])
    joined = await one.data(JOIN, first=day, hours="09:00-09:30")
    assert joined == {**joined, "state": "waitlisted", "ahead": 0, "people": 1, "offices": ["hall"]}
    assert (await one.data(JOIN, first=day, hours="09:00-09:30"))["id"] == joined["id"]
    assert (await other.data(JOIN, first=day, hours="08:30-09:30"))["ahead"] == 1
    assert await other.code(JOIN, first=day) == "APPOINTMENT_WAITLIST_REFUSED"  # whatever else is free
    assert await other.code(LEAVE, id=joined["id"]) == "APPOINTMENT_UNKNOWN"
    assert await one.code(JOIN, first=day, hours="9 to 10") == "ARGUMENT_REFUSED"
    assert await one.code(JOIN, first=day, service="passport") == "ASSURANCE_TOO_LOW"

    await owner.data(CANCEL, id=booked["id"])
    hall.clock.advance(SystemClock().now() - hall.clock.now())
    await hall.work(timedelta(minutes=31))
    await hall.ask(
        "UPDATE waitlist_entry SET expires_at = now() + interval '15 minutes' WHERE state = 'offered' RETURNING id"
    )
    [mine] = (await one.data(WAITING))["waitlist"]
    assert (mine["state"], mine["offer"]["office"], mine["offer"]["startsAt"][:16]) == (
        "offered",
        "hall",
        f"{day}T01:00",
    )
    hold = mine["offer"]["hold"]
    assert await one.code(RELEASE, hold=hold) == "ARGUMENT_REFUSED"
    assert await other.code(CONFIRM, hold=hold) == "APPOINTMENT_HOLD_REFUSED"
    confirmed = await one.data(CONFIRM, hold=hold)
    assert (await one.data(CONFIRM, hold=hold)) == confirmed
    assert (await one.data(WAITING))["waitlist"] == [
        {"id": joined["id"], "state": "confirmed", "ahead": None, "appointment": confirmed["id"], "offer": None}
    ]
    [waits] = (await other.data(WAITING))["waitlist"]
    assert (waits["state"], waits["ahead"], waits["offer"]) == ("waitlisted", 0, None)
    assert (await other.data(LEAVE, id=waits["id"]))["state"] == "left"
