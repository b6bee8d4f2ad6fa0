"""A car that charges: from the charger's word to the arm, the driver's notice and the box without a network."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from flows.gate.charging import Known, due_of
from flows.gate.terms import terms_of
from flows.parking.site_snapshot import SiteSnapshot, known_as
from flows.parking.visits import Visit
from tests.parking.lots import PLATE
from tests.parking.town import STREET, Box, Program, Town, moment

CHARGING = "105"  # 15 minutes and two hours of charging are free, 4 yuan each half hour; 5 yuan for 15 min of blocking


class Charger:
    """The charging company's program, which tells the platform when a car of the lot charges."""

    def __init__(self, program: Program, lot: str) -> None:
        self._program, self._path = program, f"/parking/lots/{lot}/events"

    async def says(self, kind: str, minutes: float, **more: Any) -> dict[str, Any]:
        event = {"event_id": str(uuid4()), "kind": kind, "occurred_at": moment(minutes).isoformat(), "plate": PLATE}
        answer = await self._program.post(self._path, {"events": [event | more]})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()["events"][0]
        return told


@pytest.fixture
async def charger(town: Town) -> Charger:
    return Charger(await town.program(), (await town.place(CHARGING))["id"])


@pytest.fixture
async def gate(town: Town) -> Box:
    return await town.box(CHARGING)


async def sessions(town: Town) -> list[dict[str, Any]]:
    return await town.rows("SELECT id, state, charging_from, charging_until, closing_fen FROM parking_session")


@pytest.mark.case("PK-16")
async def test_charging_is_free_and_the_penalty_starts_fifteen_minutes_after(
    town: Town, charger: Charger, gate: Box
) -> None:
    entered = await gate.passes("enter", 0)
    gate.until(92)
    assert (await charger.says("charge_start", 2))["session_id"] == entered["session_id"]
    assert (await gate.leaves(92))["amount_fen"] == 400  # two minutes before; the rest is free
    assert (await charger.says("charge_end", 92))["status"] == "recorded"
    assert (await gate.leaves(107))["amount_fen"] == 400 + 400
    late = await gate.leaves(107 + 1 / 60)
    assert (late["decision"], late["amount_fen"]) == ("pay", 400 + 400 + 500)
    [row] = await sessions(town)
    assert (row["charging_from"], row["charging_until"]) == (moment(2), moment(92))
    [notice] = await town.rows("SELECT kind, state FROM parking_notice")
    assert notice == {"kind": "charging_over", "state": "untold"}  # nobody is known to own the plate


@pytest.mark.case("PK-16")
@pytest.mark.case("PK-02")
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
async def test_whenever_the_charger_says_it_the_stay_costs_the_same(
    town: Town, charger: Charger, gate: Box, order: tuple[int, ...]
) -> None:
    gate.until(200)
    steps = [
        lambda: gate.passes("enter", 0),
        lambda: charger.says("charge_start", 2),
        lambda: charger.says("charge_end", 92),
        lambda: gate.passes("exit", 112, opened=True),
    ]
    for place in order:
        await steps[place]()
    rows = await town.rows("SELECT closing_fen, charging_until FROM parking_session WHERE superseded_by IS NULL")
    assert rows == [{"closing_fen": 400 + 400 + 500, "charging_until": moment(92)}]


@pytest.mark.case("PK-16")
async def test_a_box_without_a_network_charges_the_same(town: Town, charger: Charger, gate: Box) -> None:
    entered = await gate.passes("enter", 0)
    gate.until(92)
    await charger.says("charge_start", 2)
    await charger.says("charge_end", 92)
    told = (await gate.get("/parking/site/snapshot")).content
    snapshot = msgspec.json.decode(told, type=SiteSnapshot)
    assert snapshot.lot is not None
    who = known_as(snapshot.lot.id, f"plate:{PLATE}")
    [session] = snapshot.sessions
    known = Known(who=who, session=session)
    visit = Visit(
        id=UUID(entered["session_id"]), credential=f"plate:{PLATE}", color="blue", confidence=1000,
        vehicle_class="small", opened_at=moment(0), entered_at=moment(0),
    )  # fmt: skip
    due = [due_of(visit, known, terms_of(snapshot), moment(minutes)).fen for minutes in (107, 108)]
    assert due == [400 + 400, 400 + 400 + 500]


async def test_what_nobody_can_charge_by_is_refused(town: Town, charger: Charger, gate: Box) -> None:
    assert (await charger.says("charge_start", 0, plate=""))["field"] == "plate"
    assert (await charger.says("charge_start", 0, bay="1"))["field"] == "bay"
    assert (await charger.says("observed", 0))["field"] == "bay"
    street = Charger(await town.program("kerb"), (await town.place(STREET))["id"])
    assert (await street.says("charge_start", 0, bay="999"))["field"] == "bay"
    assert (await street.says("observed", 0, bay="001", plate=""))["field"] == "plate"
    outside = await charger.says("charge_start", 0)  # no such car is inside, as far as is known
    assert (outside["status"], outside.get("session_id", "")) == ("recorded", "")
    entered = await gate.passes("enter", -1)
    [row] = await sessions(town)
    assert (str(row["id"]), row["charging_from"]) == (entered["session_id"], moment(0))
