"""The sites hand in their own logs, day by day, and the platform compares them: the third side of reconciliation."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

import msgspec
from sqlmodel import col, select

from bench.month.gate import Gate, Logged
from flows.parking.site_logs.reconciling import compare_log, hand_in
from flows.parking.site_logs.tables import ParkingSiteDifference, ParkingSiteLog
from flows.parking.site_logs.wire import LogLine, SiteLog
from kernel.clock import CHINA, Clock
from kernel.database import Database


async def differences(database: Database, clock: Clock, gates: Iterable[Gate]) -> Counter[str]:
    """Hand in and compare every day of every site; how many differences are open, by class."""
    for gate in gates:
        for day, logged in groupby(gate.log, lambda line: line.at.astimezone(CHINA).date()):
            log = SiteLog(day=day, lines=[_line(gate, each) for each in logged])
            async with database.session() as session:
                await hand_in(session, clock, gate.site.device, msgspec.json.encode(log))
    async with database.session() as session:
        logs = (await session.exec(select(ParkingSiteLog.id).order_by(col(ParkingSiteLog.id)))).all()
    for log_id in logs:
        async with database.session() as session:
            await compare_log(session, clock, log_id)
    async with database.session() as session:
        found = await session.exec(select(ParkingSiteDifference).where(ParkingSiteDifference.state == "open"))
        return Counter(each.difference for each in found)


def _line(gate: Gate, logged: Logged) -> LogLine:
    return LogLine(
        at=logged.at,
        lane=logged.lane,
        kind=logged.kind,  # type: ignore[arg-type]  # of a gate's events
        opened=gate.opened.get(logged.event, False) if logged.opened is None else logged.opened,
        event_id=logged.event,
        seq=logged.seq,
    )
