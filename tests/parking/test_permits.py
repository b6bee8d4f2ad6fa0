"""Operators assign permits and end them: what they may, what they see, and which entries they count for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flows.parking.forgetting import STAYS_KEPT, forget_permits
from flows.parking.gathering import Deps
from flows.parking.operating import Speaker
from flows.parking.permit_file import load_permits
from flows.parking.permitting import Assigning, NewPermit, end
from flows.parking.publishing import NewTariff, publish_tariff
from flows.parking.site_reading import snapshot
from flows.parking.tables import ParkingLot, ParkingOperator
from kernel.crypto.fields import FieldCipher
from kernel.crypto.keys import Keys
from kernel.database import driver
from tests.parking.lots import NINE, PLATE, Lot
from tests.parking.tariffs import EXAMPLE
from tests.parking.test_paying import signed
from tests.parking.town import GARAGE, HOSPITAL, Box, Program, Town, moment

ASSIGNED = "/parking/rights/assigned"
OPERATOR = "yunzhou-garages"
_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
HALF = EXAMPLE | {"permits": [{"name": "season", "percent_off": 100}, {"name": "resident", "percent_off": 50}]}


def season(**more: Any) -> dict[str, Any]:
    told = {"right_specification": "season", "plate": PLATE, "since": moment(0).isoformat(), "operator_id": OPERATOR}
    return told | more


async def assigned(program: Program, **more: Any) -> dict[str, Any]:
    answer = await program.post(ASSIGNED, season(**more))
    assert answer.status_code == 200, answer.text
    right: dict[str, Any] = answer.json()
    return right


async def listed(program: Program, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await program.get(f"{ASSIGNED}{query}")).json()["items"]
    return items


async def test_an_operator_assigns_lists_and_ends_permits(town: Town) -> None:
    program, place = await town.program(), (await town.place(GARAGE))["id"]
    specs = (await program.get("/parking/rights/specs")).json()["items"]
    [known] = [each for each in specs if (each["id"], each["rateCode"]) == ("season", "inner")]
    assert (known["operatorId"], known["percentOff"], place in known["places"]) == (OPERATOR, 100, True)

    right = await assigned(program, until=moment(60 * 24).isoformat(), operator_id="", place_id=place)
    assert right == {
        "id": right["id"], "rightSpecification": "season", "operatorId": OPERATOR, "placeId": place,
        "credentials": [{"credentialType": "licensePlate", "credentialId": PLATE}],
        "startTime": "2026-11-02T01:00:00Z", "endTime": "2026-11-03T01:00:00Z",
    }  # fmt: skip
    town.clock.advance(timedelta(minutes=5))  # sent again, by another key
    assert await assigned(program, until=moment(60 * 24).isoformat(), place_id=place) == right
    other = await assigned(program, plate="沪B·88888", right_specification="disabled")
    assert [each["id"] for each in await listed(program)] == [right["id"], other["id"]]
    assert await listed(program, "?credentialId=沪a12345") == [right]
    assert await listed(program, f"?placeId={place}&limit=1&after={right['id']}") == [other]
    elsewhere = (await town.place(HOSPITAL))["id"]
    assert await listed(program, f"?placeId={elsewhere}") == [other]

    path = f"{ASSIGNED}/{right['id']}/end"
    ended = (await program.post(path, {"reason": "car_sold"})).json()
    assert ended["endTime"] == "2026-11-02T01:05:00Z"
    later = {"reason": "car_sold", "until": moment(600).isoformat()}
    assert (await program.post(path, later)).json() == ended  # it is not longer for that
    assert (await assigned(program))["id"] not in (right["id"], other["id"])
    actions = await town.rows("SELECT action, actor FROM audit_entry WHERE action LIKE 'parking_permit%' ORDER BY seq")
    done = [(each["action"].partition(".")[2], each["actor"]) for each in actions]
    assert done == [(each, "client:car-parks") for each in ("assigned", "assigned", "ended", "assigned")]
    stored = await town.rows("SELECT plate, granted_by FROM parking_permit")
    assert not any(b"A12345" in each["plate"] for each in stored)


async def test_what_is_no_permit_is_refused(town: Town) -> None:
    program, place = await town.program(), (await town.place(GARAGE))["id"]
    await assigned(program, until=moment(600).isoformat())
    for wrong, status in (
        ({"right_specification": "resident"}, 422),
        ({"plate": "!!!!"}, 422),
        ({"plate": "ABCD12"}, 422),
        ({"until": moment(0).isoformat()}, 422),
        ({"place_id": place}, 422),  # in all lots already
        ({"until": moment(900).isoformat()}, 422),
        ({"since": "2026-11-02T09:00:00"}, 400),
        ({"operator_id": "nobody"}, 422),
        ({"operator_id": ""}, 422),  # the department has two
        ({"operator_id": "yunzhou-streets", "place_id": place}, 422),
        ({"place_id": str(UUID(int=1))}, 404),
    ):
        answer = await program.post(ASSIGNED, season(**wrong))
        assert (wrong, answer.status_code) == (wrong, status)
    longer = await assigned(program, since=moment(600).isoformat(), until=moment(900).isoformat())
    assert (longer["startTime"], len(await listed(program))) == ("2026-11-02T11:00:00Z", 2)


async def test_permits_are_their_operators_alone(town: Town) -> None:
    ours, rival = await town.program(), await town.program("rival", "elsewhere")
    shop = await town.program("shop", scope="parking:discount")
    right = await assigned(ours)
    place = (await town.place(GARAGE))["id"]
    assert await listed(rival) == []
    assert (await rival.get("/parking/rights/specs")).json()["items"] == []
    assert (await rival.post(f"{ASSIGNED}/{right['id']}/end", {"reason": "car_sold"})).status_code == 404
    assert (await rival.post(ASSIGNED, season(place_id=place, operator_id=""))).status_code == 404
    assert (await rival.post(ASSIGNED, season())).status_code == 422
    assert (await rival.get(f"{ASSIGNED}?placeId={place}")).status_code == 404
    for answer in (await shop.get(ASSIGNED), await shop.post(ASSIGNED, season()), await shop.get("/parking/sessions")):
        assert answer.status_code == 403


async def test_a_box_has_a_new_permit_with_its_next_snapshot(town: Town, box: Box) -> None:
    program = await town.program()
    before = (await box.get("/parking/site/snapshot")).json()
    right = await assigned(program)
    after = (await box.get(f"/parking/site/snapshot?after={before['revision']}")).json()
    assert ([each["name"] for each in after["permits"]], PLATE in str(after)) == (["season"], False)
    assert "permits" not in (await box.get(f"/parking/site/snapshot?after={after['revision']}")).json()
    await program.post(f"{ASSIGNED}/{right['id']}/end", {"reason": "car_sold"})
    town.clock.advance(timedelta(minutes=1))
    last = (await box.get(f"/parking/site/snapshot?after={after['revision']}")).json()
    assert last["permits"] == []


async def test_a_file_takes_a_lock_of_each_operator_in_one_order(lot: Lot) -> None:
    await lot.publish(HALF, NINE)
    async with lot.database.session() as session:
        session.add(ParkingOperator(id="allies", name_zh="另一公司", created_at=NINE))
        await session.flush()
        theirs = lot.row.model_dump(exclude={"id"}) | {"operator_id": "allies"}
        session.add(ParkingLot(**theirs))
        wanted = NewTariff(operator_id="allies", code="example", data=HALF, valid_from=NINE)
        await publish_tariff(session, lot.clock, wanted, "staff:1")
    file = "operator,plate,permit,since\n" + "".join(
        f"{operator},沪A1234{number},season,2026-11-02\n" for number in range(9) for operator in ("garages", "allies")
    )
    async with lot.database.session() as session:
        await load_permits(lot.deps(session), "operator:test/1", file.encode(), "utf-8")
        connection = await driver(session)
        assert await connection.fetchval(_LOCKS) == 2  # each is a place in a table that all transactions share
    rows = await lot.database.pool.fetch("SELECT operator_id FROM parking_permit ORDER BY id")
    assert [each["operator_id"] for each in rows] == ["allies"] * 9 + ["garages"] * 9  # else two files wait in a circle


async def permit(lot: Lot, name: str, since: float, until: float | None = None) -> UUID:
    async with lot.database.session() as session:
        wanted = NewPermit(
            operator_id="garages",
            plate=PLATE,
            name=name,
            since=NINE + timedelta(minutes=since),
            until=None if until is None else NINE + timedelta(minutes=until),
        )
        return (await Assigning(lot.deps(session), "client:test").assign(wanted))[0].id


class Counting(FieldCipher):
    """Counts what is opened."""

    opened = 0

    def open(self, column: str, row_id: UUID | str, sealed: bytes) -> str:
        self.opened += 1
        return super().open(column, row_id, sealed)


async def test_a_box_that_asks_again_has_no_plate_opened_but_of_what_has_changed(lot: Lot) -> None:
    await lot.publish(HALF, NINE)
    await signed(lot)
    await lot.passes("enter", 0)
    await permit(lot, "season", since=0)
    cipher = Counting(lot.keys.cipher._data_keys, lot.keys.cipher._sealing.key_id)
    keys = Keys(cipher, lambda: lot.keys.index)

    async def asks(after: str) -> tuple[str, int]:
        cipher.opened = 0
        async with lot.database.session() as session:
            told = await snapshot(Deps(session, lot.clock, keys), "box", after)
        return told.revision, cipher.opened

    first, opened = await asks("")
    assert opened == 3  # a session, a permit, a mandate
    second, opened = await asks(first)
    assert (opened, second.split(".")[2:]) == (0, first.split(".")[2:])
    await permit(lot, "resident", since=5)
    assert (await asks(second))[1] == 2  # the permits, whole


async def test_neither_a_permit_nor_its_end_reaches_back(lot: Lot) -> None:
    await lot.publish(HALF, NINE)
    first = await lot.passes("enter", 0)
    lot.clock.advance(timedelta(minutes=30))
    assert (await lot.quote(first.session_id)).due_fen == 1500
    name = await permit(lot, "season", since=-600)  # is said to hold since the night
    assert (await lot.quote(first.session_id)).due_fen == 1500
    await lot.passes("exit", 40, opened=True)
    second = await lot.passes("enter", 50)
    lot.clock.advance(timedelta(minutes=30))
    async with lot.database.session() as session:
        await end(lot.deps(session), Speaker("test", frozenset({"garages"})), name, NINE, "sold")
    assert (await lot.quote(second.session_id)).due_fen == 0
    await lot.passes("exit", 100)
    third = await lot.passes("enter", 110)
    lot.clock.advance(timedelta(minutes=30))
    assert (await lot.quote(third.session_id)).due_fen == 1500
    assert [each.closing_fen for each in await lot.sessions()] == [1500, 0, None]


async def test_of_permits_that_hold_the_one_that_began_last_counts_if_the_tariff_knows_it(lot: Lot) -> None:
    await lot.publish(HALF, NINE)
    await permit(lot, "season", since=0)
    lot.clock.advance(timedelta(minutes=5))
    await permit(lot, "resident", since=5)
    assert [await fee(lot, 10), await fee(lot, 100)] == [750, 750]
    await lot.publish(EXAMPLE | {"permits": [{"name": "season", "percent_off": 100}]}, NINE + timedelta(minutes=200))
    assert await fee(lot, 300) == 0


async def fee(lot: Lot, minutes: float) -> int:
    entered = await lot.passes("enter", minutes)
    lot.clock.advance(timedelta(minutes=30))
    quoted = await lot.quote(entered.session_id)
    await lot.passes("exit", minutes + 31, opened=True)
    return quoted.fee_fen


async def test_permits_go_with_the_stays_that_they_were_for(lot: Lot) -> None:
    await lot.publish(HALF, NINE)
    await permit(lot, "season", since=0, until=60)
    await lot.passes("enter", 10)
    lot.clock.advance(STAYS_KEPT + timedelta(days=1))

    async def forgotten() -> int:
        async with lot.database.session() as session:
            return await forget_permits(session, lot.clock)

    assert await forgotten() == 0
    await lot.forget()
    assert (await forgotten(), await lot.database.pool.fetchval("SELECT count(*) FROM parking_permit")) == (1, 0)
