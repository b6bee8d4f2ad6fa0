"""Between the site and the platform: what happened goes there, what is to be known comes here; for ever, with patience.

Every event has its id and number before it is sent, so sending it again is no harm. A snapshot that was asked for after
events were taken contains them: only then are they forgotten here.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from flows.codes.offline import ClockState
from flows.codes.revocations import FETCH_EVERY
from flows.gate.day_logs import DayLogs
from flows.gate.errors import CloudAwayError
from flows.gate.learning import Learning
from flows.gate.passing import Passing
from flows.gate.store import Store
from kernel.errors import YiwangError

EVENTS_AT_ONCE, USES_AT_ONCE = 500, 1000  # as the platform takes them
SNAPSHOT_EVERY, BEAT_EVERY, LISTS_EVERY = 3.0, 30.0, FETCH_EVERY.total_seconds()
LOGS_EVERY = 600.0  # whether a day is over
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between tries
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class _Told(Struct):
    status: Literal["recorded", "duplicate", "refused"]
    field: str = ""
    problem: str = ""


class _Answers(Struct):
    events: list[_Told]


class _Beat(Struct):
    clock_offset_ms: int


class Syncing:
    """``run`` goes on until it is cancelled."""

    def __init__(self, passing: Passing, store: Store, learning: Learning) -> None:
        self._passing = passing
        self._cloud = passing.cloud
        self._journal = passing.journal
        self._store = store
        self.learning = learning
        self.day_logs = DayLogs(store, passing.journal, passing.cloud, passing.clock)
        self._etags: dict[str, str] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._for_ever(self.send, None))
            tasks.create_task(self._for_ever(self.beat, BEAT_EVERY))
            tasks.create_task(self._for_ever(self.fetch_snapshot, SNAPSHOT_EVERY))
            tasks.create_task(self._for_ever(self.fetch_lists, LISTS_EVERY))
            tasks.create_task(self._for_ever(self.day_logs.hand_in, LOGS_EVERY))

    async def send(self) -> None:
        """Send all that waits, in its order. Raises CloudAwayError, StoreFailedError."""
        self._journal.queued.clear()
        while rows := await self._store.rows(
            "SELECT seq, body FROM event WHERE state = 'waiting' ORDER BY seq LIMIT ?", EVENTS_AT_ONCE
        ):
            await self._send_events(rows)
        while uses := await self._store.rows("SELECT request_id, body FROM code_use LIMIT ?", USES_AT_ONCE):
            await self._cloud.post("/codes/uses", b'{"uses":[' + b",".join(body for _, body in uses) + b"]}")
            await self._store.write([("DELETE FROM code_use WHERE request_id = ?", (name,)) for name, _ in uses])

    async def beat(self) -> None:
        """Tell that the box is well, and hear how far its clock is off. Raises CloudAwayError."""
        now = self._passing.clock.now()
        body = msgspec.json.encode({"sent_at": now, "queued": self._journal.waiting})
        reply = await self._cloud.post("/parking/heartbeats", body)
        offset = _read(reply.body, _Beat).clock_offset_ms
        self._cloud.time = compared = ClockState(timedelta(milliseconds=offset), now)
        await self.learning.keep_time(compared)

    async def fetch_snapshot(self) -> None:
        """Take over what the platform says of the lot. Raises CloudAwayError, StoreFailedError."""
        told, after = self._journal.told, self.learning.revision
        query = "?" + urlencode({"after": after}) if after else ""
        reply = await self._cloud.get(f"/parking/site/snapshot{query}")
        if reply.body:
            await self.learning.learn(reply.body, told)
            await self._passing.look_again()

    async def fetch_lists(self) -> None:
        """Fetch the keys of codes and what is revoked. Raises CloudAwayError, SignedListRefusedError."""
        scanner = self._passing.scanner
        await self._fetch_list("/codes/keys", scanner.learn_keys)
        await self._fetch_list("/codes/revocations", scanner.learn_revoked)

    async def _send_events(self, rows: list[tuple[int, bytes]]) -> None:
        wires = [msgspec.json.decode(body, type=tuple[msgspec.Raw, str])[0] for _, body in rows]
        reply = await self._cloud.post("/parking/events", msgspec.json.encode(wires), taken={422})
        answers = _read(reply.body, _Answers).events
        if len(answers) != len(rows):
            raise CloudAwayError(f"The platform answers {len(answers)} events of {len(rows)}")
        refused = [
            (f"{answer.field}: {answer.problem}", seq)
            for (seq, _), answer in zip(rows, answers, strict=True)
            if answer.status == "refused"
        ]
        await self._store.write(
            [
                ("UPDATE event SET state = 'sent' WHERE state = 'waiting' AND seq <= ?", (rows[-1][0],)),
                *(("UPDATE event SET state = 'refused', problem = ? WHERE seq = ?", each) for each in refused),
            ]
        )
        for problem, seq in refused:
            _log.error("the platform refuses an event", extra={"seq": seq, "problem": problem})
        self._journal.told = rows[-1][0]
        self._journal.waiting -= len(rows)
        self._passing.lanes.changed()

    async def _fetch_list(self, target: str, learn: Callable[[bytes, datetime], Awaitable[None]]) -> None:
        """Fetch a list and take it over, unless it is the one that was taken over last."""
        reply = await self._cloud.get(target, self._etags.get(target, ""))
        if reply.status != 304:
            await learn(reply.body, self._passing.clock.now())
            self._etags[target] = reply.headers.get("etag", "")

    async def _for_ever(self, work: Callable[[], Awaitable[None]], every: float | None) -> None:
        """Do it now and again, or whenever something is queued; after a failure try again, ever more seldom."""
        pause = FIRST_PAUSE
        while True:
            try:
                await work()
            except CloudAwayError:
                pass
            except YiwangError as error:
                _log.error("the site is not in step with the platform: %s", error.said)
            except Exception:  # noqa: BLE001 - the next try and the other work go on
                _log.exception("the site is not in step with the platform, and nobody foresaw why")
            else:
                pause = FIRST_PAUSE
                await (asyncio.sleep(every) if every is not None else self._journal.queued.wait())
                continue
            self._passing.lanes.changed()
            await self._patience(pause * random.uniform(0.7, 1.3))  # noqa: S311 - so that sites do not come at once
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _patience(self, seconds: float) -> None:
        """Wait, or until the line is mended."""
        self._cloud.mended.clear()
        try:
            await asyncio.wait_for(self._cloud.mended.wait(), seconds)
        except TimeoutError:
            return


def _read(body: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CloudAwayError(f"The platform's answer is not understood: {error}") from error
