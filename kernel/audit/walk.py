"""Walk along a chain of entries and say where it was tampered with. Pure: entries in, findings out, any number of them.

An entry's own hash tells whether it was changed; its ``previous_hash`` tells whether the one *before* it was changed
and hashed anew; numbers tell what is missing. Where rows were renumbered to close or to open a gap, every later entry
carries the hash of its old number: the walk recognises that and goes on with the difference as ``shift``.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct, structs

from kernel.audit.chain import Link, digest

Kind = Literal["edited", "deleted", "inserted", "moved", "cut", "rewritten", "anchor", "head"]

_FARTHEST = 8  # so many neighbours may be inserted, or deleted and closed up, and still be told from edits
_MOST_SUSPECTS = 200  # are compared with each other, to tell moved entries from edited ones


class Finding(Struct, frozen=True):
    """What was done to the entries ``seq`` to ``last``."""

    kind: Kind
    seq: int
    last: int
    message: str


class _Suspect(NamedTuple):
    """An entry without its hash, the shift where it stands, and the hash before it if that is not the one it names."""

    link: Link
    shift: int
    unnamed: bytes | None


class Walk:
    """Takes entries in the order of their numbers; ``previous`` is the hash before the first, None if unknown."""

    def __init__(self, first: int, previous: bytes | None) -> None:
        self._first = first
        self._expected = first
        self._before: deque[bytes | None] = deque([previous], maxlen=_FARTHEST + 2)  # hashes; None: unknown
        self._accused: set[int] = set()  # of the latest few entries
        self._suspects: list[_Suspect] = []
        self._compare = True
        self.shift = 0
        """An untouched entry was hashed with its number plus this."""

    @property
    def last(self) -> int:
        """The number of the latest entry; before the first, the number before it."""
        return self._expected - 1

    @property
    def last_hash(self) -> bytes | None:
        """Its hash as it stands there."""
        return self._before[-1]

    def accuses(self, seq: int) -> bool:
        """Whether there is a finding or a suspicion about one of the latest few entries."""
        return seq in self._accused

    def step(self, link: Link, following: Link | None) -> Iterator[Finding]:
        """Judge the next entry; ``following`` is the one after it."""
        if link.seq < self._expected:
            yield Finding("inserted", link.seq, link.seq, "it stands before the first")
            return
        if link.seq > self._expected:
            yield _range("deleted", self._expected + self.shift, link.seq - 1 + self.shift, "missing")
            self._before.append(None)
        if _fits(link, self.shift):
            yield from self._check_before(link)
        elif (shift := self._new_shift(link, following)) is not None:
            yield self._shifted(link, shift)
        else:
            follows = self._before[-1] in {None, link.previous_hash} or self.last in self._accused
            self._accused.add(link.seq)
            self._suspects.append(_Suspect(link, self.shift, None if follows else self._before[-1]))
        self._before.append(link.hash)
        self._expected = link.seq + 1
        if self._accused:
            self._accused = {seq for seq in self._accused if seq >= link.seq - _FARTHEST}
        if len(self._suspects) > _MOST_SUSPECTS:
            self._compare = False
            yield from self.settle()

    def settle(self) -> Iterator[Finding]:
        """Say what became of the entries that lack their hash: moved from another's place, or edited."""
        numbers = [each.link.seq + each.shift for each in self._suspects] if self._compare else []
        for each in self._suspects:
            seq = each.link.seq
            origin = next((number for number in numbers if _fits(each.link, number - seq)), None)
            if origin is not None:
                yield Finding("moved", seq, seq, f"it was written as number {origin}")
                continue
            yield Finding("edited", seq, seq, "its content does not have its hash")
            if each.unnamed is not None and not _fits(
                structs.replace(each.link, previous_hash=each.unnamed), each.shift
            ):
                text = "the next entry names another hash: this one was hashed anew, unless that name was edited too"
                yield Finding("edited", seq - 1, seq - 1, text)
        self._suspects.clear()

    def _check_before(self, link: Link) -> Iterator[Finding]:
        """An entry that is as it was written knows what the hash of the one before it was."""
        known = self._before[-1]
        if known is None or link.previous_hash == known:
            return
        if link.seq == self._first:
            yield Finding("edited", link.seq, link.seq, "it does not follow from what is before it")
        elif self.last not in self._accused:
            self._accused.add(self.last)
            yield Finding("edited", self.last, self.last, "it was hashed anew: the next entry names another hash")

    def _new_shift(self, link: Link, following: Link | None) -> int | None:
        """Find by how much this and all later entries were renumbered, if they were."""
        for by in range(1, _FARTHEST + 1):
            if _fits(link, self.shift + by):
                return self.shift + by if _goes_on(link, following, self.shift + by) else None
            if _fits(link, self.shift - by):
                return self.shift - by if self._makes_room(link, following, by) else None
        return None

    def _makes_room(self, link: Link, following: Link | None, inserted: int) -> bool:
        """Whether the entry came right after the one ``inserted`` rows further up, and all later ones went along."""
        if len(self._before) <= inserted or self._before[-inserted - 1] not in {None, link.previous_hash}:
            return False
        if following is None:  # nothing tells it from an exchange but that the rows between look untouched
            return not any(seq in self._accused for seq in range(link.seq - inserted, link.seq))
        return _goes_on(link, following, self.shift - inserted)

    def _shifted(self, link: Link, shift: int) -> Finding:
        by, before = shift - self.shift, self.shift
        self.shift = shift
        if by > 0:
            first = link.seq + before
            return _range("deleted", first, first + by - 1, "taken out, and the later ones renumbered")
        first = link.seq + by
        self._suspects = [each for each in self._suspects if each.link.seq < first]
        return _range("inserted", first, link.seq - 1, "put in, and the later ones renumbered")


def _fits(link: Link, shift: int) -> bool:
    try:
        return digest(link, link.seq + shift) == link.hash
    except (msgspec.MsgspecError, RecursionError, OverflowError):  # what nobody could have appended
        return False


def _goes_on(link: Link, following: Link | None, shift: int) -> bool:
    return following is None or (following.previous_hash == link.hash and _fits(following, shift))


def _range(kind: Kind, first: int, last: int, what: str) -> Finding:
    number = last - first + 1
    return Finding(kind, first, last, f"{number} entries were {what}" if number > 1 else f"it was {what}")
