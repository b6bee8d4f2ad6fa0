"""How a verifier judges a code by itself: the order of checks, and when it may not. Pure, for gates and site boxes.

What it holds is a key set, a revocation list, the codes it has seen, and how well it knows the time. Whoever runs it
keeps these; nothing here reads or writes anything.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import KeySet
from flows.codes.pass_codes import SKEW, PassCode
from flows.codes.refusals import Refusal
from flows.codes.revocations import RevocationList
from flows.codes.signed_codes import verify

Risk = Literal["low", "any"]
MOST_CLOCK_ERROR = timedelta(seconds=15)
CLOCK_BELIEVED_FOR = timedelta(hours=24)
RETRY_WITHIN = timedelta(seconds=5)


class ClockState(Struct, frozen=True):
    """How far the verifier's clock may be off, as last compared with the platform's or a time server's."""

    error: timedelta
    compared_at: datetime

    def is_known(self, now: datetime) -> bool:
        """Whether codes may be judged by it. A clock that was compared later than it is now was set back since."""
        return abs(self.error) <= MOST_CLOCK_ERROR and -SKEW <= now - self.compared_at <= CLOCK_BELIEVED_FOR


class Use(Struct, frozen=True):
    """Who used a code first: verifier, request and time."""

    verifier: str
    request_id: str
    at: datetime


class SeenCodes:
    """The codes that one site has let through, each kept until no verifier takes it any more."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, tuple[Use, datetime]] = OrderedDict()  # as they were used

    def use(self, code: PassCode, verifier: str, request_id: str, now: datetime) -> None:
        """Note a use. Raises PassCodeRefusedError for a second one, unless it is the same request again at once."""
        self._forget(code.issued_at - SKEW)
        found = self._seen.get(code.code_id)
        if found is None:
            self._seen[code.code_id] = Use(verifier, request_id, now), code.expires_at
        elif not is_retry(found[0], verifier, request_id, now):
            first = found[0]
            raise PassCodeRefusedError(Refusal.REPLAY, f"The code was used at {first.verifier}, {first.at:%H:%M:%S}")

    def take_back(self, code: PassCode) -> None:
        """Forget a use that could not be kept: nothing was opened."""
        self._seen.pop(code.code_id, None)

    def _forget(self, ended_by: datetime) -> None:
        """Forget what ended before the first moment of a good code: the verifier's clock may have been set ahead.

        Codes end nearly in the order of their uses: the first one that still counts keeps those behind it.
        """
        while self._seen and next(iter(self._seen.values()))[1] < ended_by:
            self._seen.popitem(last=False)


def is_retry(first: Use, verifier: str, request_id: str, now: datetime) -> bool:
    """Whether a use is the first one again: a network lost the answer, and the verifier asks within seconds."""
    return (first.verifier, first.request_id) == (verifier, request_id) and now - first.at <= RETRY_WITHIN


class Held(Struct, frozen=True):
    """What an offline verifier knows; ``clock`` and ``revoked`` are None before the first is known."""

    keys: KeySet
    revoked: RevocationList | None
    clock: ClockState | None


def judge(text: str, held: Held, purpose: str, now: datetime, *, risk: Risk) -> PassCode:
    """Return an acceptable code, not yet noted as used (``SeenCodes``). Raises PassCodeRefusedError.

    Without a clock that is known nothing is judged here; without a revocation list of the last 24 hours only what
    has a low risk, such as a barrier that a camera watches.
    """
    if held.clock is None or not held.clock.is_known(now):
        raise PassCodeRefusedError(Refusal.ONLINE_ONLY, "The verifier's clock is not known well enough")
    code = verify(text, held.keys, purpose, now)
    if held.revoked is not None:
        held.revoked.check(code)
    if risk != "low" and (held.revoked is None or not held.revoked.is_current(now)):
        raise PassCodeRefusedError(Refusal.LIST_TOO_OLD, "The verifier's revocation list is too old for this")
    return code
