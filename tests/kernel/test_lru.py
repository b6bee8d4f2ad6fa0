"""The cache of plans and types."""

from kernel.lru import LRUCache


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    cache: LRUCache[str, int] = LRUCache(100)
    for number in range(10):
        cache.put(str(number), number, 10)
    assert cache.get("0") == 0
    cache.put("10", 10, 10)
    assert cache.get("1") is None
    assert [cache.get(key) for key in ("0", "10")] == [0, 10]
    assert len(cache) == 10


def test_the_weight_of_what_is_replaced_or_dropped_is_given_back() -> None:
    cache: LRUCache[str, int] = LRUCache(100)
    for _ in range(100):
        cache.put("same", 1, 10)
    cache.put("other", 2, 10)
    cache.drop(lambda value: value == 1)
    assert cache.get("same") is None
    for number in range(9):
        cache.put(str(number), number, 10)
    assert cache.get("other") == 2
    assert len(cache) == 10


def test_what_would_push_out_too_much_is_not_kept() -> None:
    cache: LRUCache[str, int] = LRUCache(100)
    cache.put("heavy", 1, 11)
    assert cache.get("heavy") is None
