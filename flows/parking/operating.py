"""What operators' systems decide: counts, orphans, disputes, releases. Each act is theirs alone, and audited."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import Struct
from sqlmodel import col, select

from flows.parking.disputing import decide_dispute
from flows.parking.errors import ActRefusedError, UnknownLotError, UnknownSessionError
from flows.parking.finding import session_of
from flows.parking.gathering import Deps, touched_session
from flows.parking.occupancy import Demand, demand_of
from flows.parking.opening import Hours
from flows.parking.operating_tables import ParkingOccupancy
from flows.parking.paying import stop
from flows.parking.projecting import money_of, owed
from flows.parking.quoting import rewritten
from flows.parking.recording import record
from flows.parking.session_tables import ParkingDispute, ParkingSession
from flows.parking.stored import TEXT
from flows.parking.tables import ParkingLane, ParkingLot
from kernel.audit.entries import Detail, Event, append

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OURS = 2**62
"""Where the numbers of events begin that no device has sent: above all that devices count to."""
_FIELD = {"plate": "plate", "ticket": "ticket", "pass": "pass_subject"}


class Speaker(Struct, frozen=True):
    """A program, and the operators that it speaks for. ``is_shop``: it may do no more than grant coupons there."""

    client_id: str
    operators: frozenset[str]
    is_shop: bool = False

    @property
    def actor(self) -> str:
        return f"client:{self.client_id}"


async def own_session(deps: Deps, speaker: Speaker, session_id: UUID) -> ParkingSession:
    """Return a session in a lot of the speaker's. Raises UnknownSessionError."""
    row = await session_of(deps.session, session_id)
    lot = await deps.session.get_one(ParkingLot, row.lot_id)
    if lot.operator_id not in speaker.operators:
        raise UnknownSessionError("There is no such parking session", fix="Compare its id.")
    return row


async def own_lot(deps: Deps, speaker: Speaker, lot_id: UUID) -> ParkingLot:
    """Return a lot of the speaker's. Raises UnknownLotError."""
    lot = await deps.session.get(ParkingLot, lot_id)
    if lot is None or lot.operator_id not in speaker.operators:
        raise UnknownLotError("You have no such lot", fix="GET /parking/places lists them.")
    return lot


async def count(deps: Deps, speaker: Speaker, lot_id: UUID, occupied: int) -> Demand:
    """Take over how many vehicles were counted in a lot. From then on sessions count up and down from that."""
    lot = await own_lot(deps, speaker, lot_id)
    row = await deps.session.get(ParkingOccupancy, lot.id, with_for_update=True) or ParkingOccupancy(lot_id=lot.id)
    was = row.inside + row.correction
    row.correction, row.counted_at, row.counted_by = occupied - row.inside, deps.clock.now(), speaker.actor
    deps.session.add(row)
    await deps.session.flush()
    await _audit(deps, speaker, "parking_lot.counted", f"parking_lot:{lot.id}", occupied=occupied, was=was)
    return demand_of(lot.spaces, row.inside, row.correction, row.counted_at)


async def set_hours(deps: Deps, speaker: Speaker, lot_id: UUID, opening: list[Hours]) -> None:
    """Say when a lot of the speaker's is open. Raises UnknownLotError."""
    lot = await own_lot(deps, speaker, lot_id)
    lot.opening = msgspec.to_builtins(opening)
    deps.session.add(lot)
    await _audit(deps, speaker, "parking_lot.hours_set", f"parking_lot:{lot.id}", hours=len(opening))


async def close(deps: Deps, speaker: Speaker, session_id: UUID, reason: str) -> ParkingSession:
    """Close a session whose vehicle is gone although no exit came. Raises UnknownSessionError, ActRefusedError."""
    row = await own_session(deps, speaker, session_id)
    await touched_session(deps, row)
    await deps.session.refresh(row)
    if row.ended_at is not None:
        raise ActRefusedError("The session has ended already", fix="Look how it stands now.")
    row.orphan_closed_at = deps.clock.now()
    await rewritten(deps, row)
    about = f"parking_session:{row.id}"
    await _audit(deps, speaker, "parking_session.closed", about, reason=reason, fee_fen=row.closing_fen or 0)
    return row


async def release(deps: Deps, speaker: Speaker, session_id: UUID, lane: str, reason: str) -> ParkingSession:
    """Let a vehicle out by a lane although something is due, which stays owed.

    It is recorded as an event of the lane, so that whatever comes late or twice finds it there. Raises
    UnknownSessionError, ActRefusedError.
    """
    row = await own_session(deps, speaker, session_id)
    if row.bay_id is not None:
        raise ActRefusedError("In a bay nobody is held back", fix="Close the session, or write off what is owed.")
    chosen = select(ParkingLane).where(
        ParkingLane.lot_id == row.lot_id,
        ParkingLane.name == lane,
        ParkingLane.direction == "exit",
        col(ParkingLane.closed_at).is_(None),
    )
    way = (await deps.session.exec(chosen)).first()
    if way is None or row.left_at is not None:
        problem = "The session has ended already" if row.left_at else f"The lot has no exit lane {lane!r}"
        raise ActRefusedError(problem, fix="Look how it stands now.")
    now = deps.clock.now()
    kind, _, value = deps.keys.cipher.open(TEXT, row.id, row.credential_text).partition(":")
    event = {
        "event_id": uuid5(NAMESPACE_URL, f"release:{row.id}"),
        "seq": _OURS + (now - _EPOCH) // timedelta(microseconds=1),
        "lane": way.name,
        "kind": "manual_open",
        "occurred_at": now,
        "reason": reason,
        _FIELD[kind]: value,
    }
    [answer] = await record(deps.session, deps.clock, deps.keys, way.device_id, [msgspec.json.encode(event)])
    row = await session_of(deps.session, row.id)
    if answer.status == "refused" or row.left_at is None:
        problem = answer.problem or "its vehicle has entered again, or was let out before"
        raise ActRefusedError(f"The session is not released: {problem}", fix="Look how it stands now.")
    await _audit(deps, speaker, "parking_session.released", f"parking_session:{row.id}", reason=reason)
    return row


async def waive(deps: Deps, speaker: Speaker, session_id: UUID, reason: str) -> ParkingSession:
    """Write off what is owed for a session that has ended; what comes later goes back.

    Raises UnknownSessionError, ActRefusedError.
    """
    row = await own_session(deps, speaker, session_id)
    touched = await touched_session(deps, row)
    case = await touched.case(row.id)
    await deps.session.refresh(row)
    if row.ended_at is None:
        raise ActRefusedError("The session goes on: nothing is owed for it yet", fix="Close or release it first.")
    await stop(deps, case)
    row.written_off_at = row.written_off_at or deps.clock.now()
    await rewritten(deps, row)
    waived = max(owed(money_of(case, touched.terms), case), 0)
    about = f"parking_session:{row.id}"
    await _audit(deps, speaker, "parking_session.written_off", about, reason=reason, waived_fen=waived)
    return row


async def decide(deps: Deps, speaker: Speaker, dispute_id: UUID, fee_fen: int) -> ParkingDispute:
    """Decide a dispute (``disputing``). Raises ActRefusedError, DisputeRefusedError, UnknownSessionError."""
    found = await deps.session.get(ParkingDispute, dispute_id)
    if found is None:
        raise ActRefusedError("There is no such dispute", fix="Compare its id.")
    await own_session(deps, speaker, found.session_id)
    return await decide_dispute(deps, dispute_id, speaker.actor, fee_fen)


async def _audit(deps: Deps, speaker: Speaker, action: str, about: str, **details: Detail) -> None:
    await append(deps.session, deps.clock, Event(actor=speaker.actor, action=action, object=about, details=details))
