"""A site's gate: what passed is in its log, and its events reach the cloud at once, twice, late, after a loss or a cut.

A device that does not reach the cloud opens by itself. Whatever is sent again has the same id and number.
"""

from collections import Counter
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from bench.month.agenda import TICK, Agenda, Party
from bench.month.platform import Platform
from bench.month.town import Month, Site, Stay, plate
from flows.parking.recording import MOST, Answer

Fault = Literal["", "duplicated", "late", "lost"]


class Logged(Struct, frozen=True):
    """A line of the site's log. ``opened`` None: the device asked, and did as it was answered (``Gate.opened``)."""

    stay: int
    seq: int
    lane: str
    kind: str
    event: UUID
    at: datetime
    opened: bool | None


class Gate:
    """The device of one site."""

    def __init__(self, platform: Platform, month: Month, agenda: Agenda, site: Site) -> None:
        self.platform, self.month, self.agenda, self.site = platform, month, agenda, site
        self.log: list[Logged] = []
        self.opened: dict[UUID, bool] = {}
        self.faults: Counter[str] = Counter()
        self.sent = self.duplicates = 0
        self._seq = count(1)
        self._kept: list[bytes] = []
        if site.cut_off is not None:
            agenda.add(-1 - site.number, site.cut_off[1], self._reconnected())

    def is_alone(self, stay: Stay, what: str) -> bool:
        """Whether the device does not reach the cloud with this event, and so decides by itself."""
        return self.site.is_cut_off(self.platform.clock.now()) or self._fault(stay, what) == "late"

    async def tell(self, stay: Stay, what: str, kind: str, **told: Any) -> None:
        """Send what has happened, whatever the answer is."""
        raw = self._event(stay, what, kind, told)
        fault = self._fault(stay, what)
        random = self.month.random("again", stay.number, what)
        now = self.platform.clock.now()
        if self.site.is_cut_off(now):
            self.faults["cut off"] += 1
            self._kept += [raw, raw] if fault == "duplicated" else [raw]
        elif fault == "late":
            self._later(stay, raw, timedelta(minutes=random.uniform(1, 120)))
        elif fault == "lost" and random.random() < 0.5:  # the request; else its answer
            self._later(stay, raw, timedelta(minutes=random.uniform(1, 3)))
        else:
            await self.send([raw])
            if fault == "duplicated":
                await self.send([raw])
            if fault == "lost" or (fault and random.random() < 0.5):
                self._later(stay, raw, timedelta(minutes=random.uniform(1, 60)))

    async def ask(self, stay: Stay, what: str) -> tuple[bytes, Answer | None]:
        """A car stands at the exit; no answer: it was lost, and the same is to be sent again."""
        raw = self._event(stay, what, "exit", {})
        fault = self._fault(stay, what)
        if fault == "lost":
            if self.month.random("again", stay.number, what).random() < 0.5:
                await self.send([raw])
            return raw, None
        [answer] = await self.send([raw])
        if fault == "duplicated":
            [again] = await self.send([raw])
            if again.decision != answer.decision:
                raise AssertionError(f"{stay.plate}: asked twice, answered {answer} and {again}")
        return raw, answer

    async def send(self, events: list[bytes]) -> list[Answer]:
        """One request, which the cloud must not refuse."""
        answers: list[Answer] = await self.platform.gateway.call("record", self.site.device, events)
        self.opened |= {UUID(each.event_id): each.decision.kind == "open" for each in answers if each.event_id}
        self.sent += len(events)
        self.duplicates += sum(each.status == "duplicate" for each in answers)
        if refused := [each for each in answers if each.status == "refused"]:
            raise AssertionError(f"{self.site.device}: refused {refused[0]}")
        return answers

    def _event(self, stay: Stay, what: str, kind: str, told: dict[str, Any]) -> bytes:
        event, now, seq = stay.event(what), self.platform.clock.now(), next(self._seq)
        lane, opened = "enter" if kind == "enter" else "exit", told.get("opened", True if kind != "exit" else None)
        self.log.append(Logged(stay.number, seq, lane, kind, event, now, opened))
        fault = self._fault(stay, what)
        if fault:
            self.faults[fault] += 1
        head = {"event_id": str(event), "seq": seq, "lane": lane, "kind": kind}
        head |= {"plate": plate(stay.car), "plate_color": "blue", "occurred_at": now.isoformat()}
        return msgspec.json.encode(head | told)

    def _fault(self, stay: Stay, what: str) -> Fault:
        chance = self.month.random("fault", stay.number, what).random()
        return "duplicated" if chance < 0.05 else "late" if chance < 0.10 else "lost" if chance < 0.12 else ""

    def _later(self, stay: Stay, raw: bytes, wait: timedelta) -> None:
        self.agenda.add(stay.car, self.platform.clock.now() + max(wait, TICK), self._resent(raw))

    async def _resent(self, raw: bytes) -> Party:
        while self.site.is_cut_off(self.platform.clock.now()):
            yield self.platform.clock.now() + timedelta(minutes=10)
        await self.send([raw])

    async def _reconnected(self) -> Party:
        """Send what was kept, by batches."""
        kept = iter(self._kept)
        while batch := list(islice(kept, MOST)):
            await self.send(batch)
            yield self.platform.clock.now() + TICK
