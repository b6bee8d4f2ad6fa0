"""A cache bounded by what its values weigh, that forgets those used longest ago."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """Keeps values up to a total weight; one above ``heaviest``, a tenth of that by default, is not kept at all."""

    def __init__(self, limit: int, *, heaviest: int | None = None) -> None:
        self._limit = limit
        self._heaviest = heaviest or limit // 10
        self._weight = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """Return a value and count it as used."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep a value, in place of one of the same key."""
        self.forget(key)
        if weight > self._heaviest:
            return
        self._weight += weight
        self._kept[key] = value, weight
        while self._weight > self._limit:
            self._weight -= self._kept.popitem(last=False)[1][1]

    def forget(self, key: K) -> None:
        """Forget a value, if it is there."""
        if key in self._kept:
            self._weight -= self._kept.pop(key)[1]

    def drop(self, stale: Callable[[V], bool]) -> None:
        """Forget the values that are stale."""
        for key in [key for key, (value, _) in self._kept.items() if stale(value)]:
            self.forget(key)
