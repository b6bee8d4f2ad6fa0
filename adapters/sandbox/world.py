"""What all simulated host apps share: the residents, the clock, what goes wrong on purpose, and what happened.

Everything that looks random comes from the seed, so a run can be repeated; nothing here is a secret worth keeping.
"""

import hashlib
import hmac
from base64 import b32encode
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from random import Random
from typing import Any, Literal

from msgspec import Struct

from kernel.clock import Clock

Fault = Literal[
    "late", "twice", "never", "out_of_order", "bad_signature", "error_after_work", "slow", "unavailable", "restricted"
]

_MOST_EVENTS = 500


class Resident(Struct, frozen=True):
    """A person who owns a simulated phone. ``phone`` is E.164; ``id_number`` has a right check digit."""

    key: str
    name: str
    phone: str
    id_number: str


RESIDENTS = (
    Resident("wang", "王秀英", "+8613900000001", "110101195003071227"),
    Resident("li", "李伟", "+8613900000002", "310101198806152312"),
    Resident("zhang", "张敏", "+8613900000003", "440103199912013048"),
    Resident("chen", "陈小雨", "+8613900000004", "320106201204054625"),
)


class Child(Struct, frozen=True):
    """A child in the household register. ``guardian`` is a resident's key; the child may be a resident too."""

    name: str
    id_number: str
    guardian: str


class Company(Struct, frozen=True):
    """A company in the business register. ``representative`` is a resident's key; ``credit_code`` is of GB 32100."""

    name: str
    credit_code: str
    representative: str


CHILDREN = (
    Child("李小满", "310101201906010025", "li"),
    Child("陈小雨", "320106201204054625", "zhang"),
)
COMPANIES = (Company("上海一网示例有限公司", "91310000MA0000000Y", "zhang"),)


class Event(Struct, frozen=True):
    """Something that a simulator did or refused, for the page and for tests."""

    at: datetime
    host: str
    what: str
    result: str


class World:
    """One sandbox. ``spawn`` runs what happens later: callbacks that are sent and sent again."""

    def __init__(self, clock: Clock, seed: int, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self.clock = clock
        self.residents = {each.key: each for each in RESIDENTS}
        self.events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self.spawn = spawn
        self.seed = seed
        self._seed = seed.to_bytes(8, signed=True)
        self._random = Random(seed)  # noqa: S311 - a simulator repeats itself
        self._faults: dict[str, deque[Fault]] = {}
        self.places: dict[str, tuple[Fault, ...]] = {}  # where faults are known to be possible, and which

    def token(self, length: int = 32) -> str:
        """Return the next letters and digits of this run."""
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=length))

    def bytes(self, length: int) -> bytes:
        """Return the next bytes of this run."""
        return self._random.randbytes(length)

    def subject(self, host: str, tenant: str, resident: str) -> str:
        """Return how an app (or an owner of apps) knows a resident: 28 characters, always the same for one seed."""
        digest = hmac.digest(self._seed, f"{host}\0{tenant}\0{resident}".encode(), hashlib.sha256)
        return b32encode(digest).decode()[:28]

    def resident_of(self, name: str, id_number: str) -> str:
        """Return the key of whom both belong to, empty if nobody here."""
        people = self.residents.values()
        return next((each.key for each in people if (each.name, each.id_number) == (name, id_number)), "")

    def note(self, host: str, what: str, result: str) -> None:
        self.events.append(Event(self.clock.now(), host, what, result))

    def offer_faults(self, where: str, *faults: Fault) -> None:
        """Say which faults ``where`` knows, so that the page lists them and a mistyped place is refused."""
        self.places[where] = faults

    def plan_fault(self, where: str, fault: Fault, times: int = 1) -> None:
        """Have the next ``times`` happenings of ``where`` (such as ``wechat_pay.callback``) go wrong."""
        self._faults.setdefault(where, deque()).extend([fault] * times)

    def take_fault(self, where: str) -> Fault | None:
        """Return the fault that is due at ``where``, and count it as done."""
        planned = self._faults.get(where)
        return planned.popleft() if planned else None

    def planned_faults(self) -> dict[str, list[Fault]]:
        return {where: list(faults) for where, faults in self._faults.items() if faults}

    def forget_faults(self) -> None:
        """Take back every planned fault."""
        self._faults.clear()
