"""Test vectors of what a gate holds beside keys: how well it knows the time, how old its list is, what it has seen."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from docs import phone_vectors
from docs.vector_keys import CODE_ID, KEYS, KIDS, NOW, PUBLISHED, REVOKED, REVOKED_SUBJECT, SUBJECT, issued
from flows.codes import offline, revocations
from flows.codes.errors import PassCodeRefusedError
from flows.codes.key_sets import LISTS
from flows.codes.offline import ClockState, Held, Risk, SeenCodes
from flows.codes.revocations import RevocationList

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_CLOCK = ClockState(timedelta(0), NOW)
_HELD = Held(PUBLISHED, REVOKED, _CLOCK)


def states() -> Iterator[dict[str, Any]]:
    """Each with the gate's clock, its revocation list as it was fetched, and the risk of what it would do."""
    for name, error, compared in (
        ("clock 15 s off, compared 24 hours ago", 15, -_DAY),
        ("clock 16 s ahead", 16, 0 * _DAY),
        ("clock 16 s behind", -16, 0 * _DAY),
        ("clock compared more than 24 hours ago", 0, -_DAY - _SECOND),
        ("clock set back by 20 s since it was compared", 0, 20 * _SECOND),
        ("clock set back by 21 s since it was compared", 0, 21 * _SECOND),
    ):
        clock = ClockState(timedelta(seconds=error), NOW + compared)
        yield _state(name, issued(), replace(_HELD, clock=clock))
    unknown = replace(_HELD, clock=None)
    yield _state("clock never compared", issued(), unknown)
    yield _state("clock never compared, low risk", issued(), unknown, risk="low")
    yield _state("clock never compared, and no code", "SC1:", unknown)
    for name, age, subject in (
        ("list of 24 hours", _DAY, SUBJECT),
        ("list of more than 24 hours", _DAY + _SECOND, SUBJECT),
        ("revoked by a list of more than 24 hours", _DAY + _SECOND, REVOKED_SUBJECT),
    ):
        held = replace(_HELD, revoked=RevocationList(REVOKED.version, NOW - age, REVOKED.hashes))
        yield _state(name, issued(subject=subject), held)
        yield _state(f"{name}, low risk", issued(subject=subject), held, risk="low")
    yield _state("no list", issued(), replace(_HELD, revoked=None))
    yield _state("no list, low risk", issued(), replace(_HELD, revoked=None), risk="low")
    yield _state("no list, and too old a code", issued(at=NOW - 81 * _SECOND), replace(_HELD, revoked=None))


def _state(name: str, code: str, held: Held, risk: Risk = "any") -> dict[str, Any]:
    clock, revoked = held.clock, held.revoked
    try:
        offline.judge(code, held, "parking", NOW, risk=risk)
        result = "ok"
    except PassCodeRefusedError as error:
        result = error.reason.value
    compared = {"error": clock.error // _SECOND, "compared_at": int(clock.compared_at.timestamp())} if clock else None
    fetched = revocations.signed(revoked, KEYS[LISTS], KIDS[LISTS]).hex() if revoked else None
    asked = {"name": name, "text": code, "purpose": "parking", "now": int(NOW.timestamp())}
    return asked | {"clock": compared, "list": fetched, "risk": risk, "result": result}


def sequences() -> Iterator[dict[str, Any]]:
    """Each is what one site reads, in this order: gate, request, code, and how many seconds after NOW."""
    code, other, phones = issued(), issued(code_id=CODE_ID[::-1]), phone_vectors.of_one_second()
    told: dict[str, list[tuple[str, str, str, int]]] = {
        "the same code twice": [("gate-1", "a", code, 0), ("gate-1", "b", code, 1)],
        "the same code at two gates": [("gate-1", "a", code, 0), ("gate-2", "a", code, 1)],
        "the same gate's same request at once": [("gate-1", "a", code, 0), ("gate-1", "a", code, 5)],
        "the same gate's same request too late": [("gate-1", "a", code, 0), ("gate-1", "a", code, 6)],
        "a retry counts from the first time": [("gate-1", "a", code, after) for after in (0, 5, 6)],
        "the last second of what was used": [("gate-1", "a", code, 0), ("gate-1", "b", code, 80)],
        "what was too early is not used": [("gate-1", "a", code, -21), ("gate-1", "b", code, -20)],
        "another code of the same holder": [("gate-1", "a", code, 0), ("gate-1", "b", other, 0)],
        "two that a phone has signed in one second": [("gate-1", "a", phones[0], 0), ("gate-1", "b", phones[1], 0)],
    }
    for name, steps in told.items():
        seen = SeenCodes()
        yield {"name": name, "steps": [_step(seen, *each) for each in steps]}


def _step(seen: SeenCodes, gate: str, request: str, code: str, after: int) -> dict[str, Any]:
    now: datetime = NOW + after * _SECOND
    held = replace(_HELD, clock=ClockState(timedelta(0), min(now, NOW)))
    try:
        seen.use(offline.judge(code, held, "parking", now, risk="any"), gate, request, now)
        result = "ok"
    except PassCodeRefusedError as error:
        result = error.reason.value
    return {"gate": gate, "request_id": request, "text": code, "now": int(now.timestamp()), "result": result}
