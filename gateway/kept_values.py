"""Values of answers that were read before: while a source's ETag stays, what is selected of its answer does too."""

from collections import OrderedDict

from supergraph.answers import Value
from supergraph.plan import Fetch
from supergraph.wire import Response

_MOST_BYTES = 32 * 2**20
_BYTES_OF_ONE = 400  # beside its target and its value


class KeptValues:
    """Of one process, bounded; the values used last are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Fetch, str], tuple[bytes, Value]] = OrderedDict()
        self._size = 0

    def read(self, fetch: Fetch, target: str, response: Response) -> Value:
        """Return what ``fetch`` selects of an answer: as it was read before if that was the same answer."""
        tag, key = response.header(b"etag"), (fetch, target)
        known = self._kept.get(key)
        if known is not None and known[0] == tag:
            self._kept.move_to_end(key)
            return known[1]
        value = fetch.read(response)
        if tag:
            self._keep(key, tag, value)
        return value

    def _keep(self, key: tuple[Fetch, str], tag: bytes, value: Value) -> None:
        before = self._kept.pop(key, None)
        self._size += _weight(key, value) - (_weight(key, before[1]) if before else 0)
        self._kept[key] = tag, value
        while self._size > _MOST_BYTES and len(self._kept) > 1:
            gone, (_, old) = self._kept.popitem(last=False)
            self._size -= _weight(gone, old)


def _weight(key: tuple[Fetch, str], value: Value) -> int:
    return len(key[1]) + len(value[0]) + _BYTES_OF_ONE
