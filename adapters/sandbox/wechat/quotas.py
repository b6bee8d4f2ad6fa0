"""How often what may be asked of a simulated WeChat, in fixed windows as the real one counts."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from adapters.sandbox.wechat.apps import Refusal
from kernel.clock import Clock

What = Literal["token", "tokens_of_day", "forced", "sign_in", "session_reset", "code", "link", "message"]

_MINUTE, _DAY = 60, 86_400


class Limit(Struct, frozen=True):
    """So many in so many seconds, then ``refusal``."""

    times: int
    seconds: int
    refusal: int = 45009


LIMITS: Mapping[What, Limit] = {
    "token": Limit(10_000, _MINUTE),
    "tokens_of_day": Limit(500_000, _DAY),
    "forced": Limit(20, _DAY),
    "sign_in": Limit(100, _MINUTE, 45011),  # of one user
    "session_reset": Limit(60_000, _MINUTE, 45011),
    "code": Limit(5_000, _MINUTE),
    "link": Limit(500_000, _DAY),  # URL links and schemes together
    "message": Limit(10_000_000, _DAY),
}


class Quotas:
    """The counts of all apps; ``limits`` replaces some of ``LIMITS``."""

    def __init__(self, clock: Clock, limits: Mapping[What, Limit]) -> None:
        self._clock = clock
        self._limits = {**LIMITS, **limits}
        self._taken: dict[What, tuple[int, Counter[str]]] = {}

    def take(self, what: What, who: str) -> None:
        """Count one more. Raises Refusal when the window's are used up."""
        limit = self._limits[what]
        window = int(self._clock.now().timestamp()) // limit.seconds
        started, taken = self._taken.get(what, (window, Counter[str]()))
        if started != window:
            taken = Counter()
        taken[who] += 1
        self._taken[what] = (window, taken)
        if taken[who] > limit.times:
            raise Refusal(limit.refusal, "reach max api daily quota limit" if limit.seconds == _DAY else "freq limit")
