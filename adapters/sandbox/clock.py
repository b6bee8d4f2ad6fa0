"""The sandbox's clock: runs as another does and can be moved ahead, so that things expire while one looks on."""

from datetime import datetime, timedelta

from kernel.clock import Clock


class MovableClock:
    """Implements Clock. What the sandbox checks by it, such as signatures' age, is then old for it too."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._base.now() + self.ahead

    def advance(self, by: timedelta) -> None:
        self.ahead += by
