"""Values of answers that were read before: while a source's ETag stays, what is selected of its answer does too."""

from kernel.lru import LRUCache
from supergraph.answers import Value
from supergraph.plan import Fetch
from supergraph.wire import Response

_MOST_BYTES = 32 * 2**20
_BYTES_OF_ONE = 400  # beside its target and its value


class KeptValues:
    """Of one process, bounded; the values used last are kept."""

    def __init__(self) -> None:
        self._kept: LRUCache[tuple[Fetch, str], tuple[bytes, Value]] = LRUCache(_MOST_BYTES)

    def read(self, fetch: Fetch, target: str, response: Response) -> Value:
        """Return what ``fetch`` selects of an answer: as it was read before if that was the same answer."""
        tag, key = response.header(b"etag"), (fetch, target)
        known = self._kept.get(key)
        if known is not None and known[0] == tag:
            return known[1]
        value = fetch.read(response)
        if tag:
            self._kept.put(key, (tag, value), len(target) + len(value[0]) + _BYTES_OF_ONE)
        return value
