"""Uses that an offline verifier has accepted and tells later. Two sites that have accepted one code are found here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes import pass_codes
from flows.codes.desk import Desk
from flows.codes.errors import PassCodeRefusedError
from flows.codes.recording import note
from flows.codes.refusals import Refusal
from flows.codes.subjects import holder_of
from flows.codes.tables import CodeUse, CodeVerifier

MOST_AT_ONCE = 1000
REPORTED_WITHIN = timedelta(days=7)

RequestId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]


class OfflineUse(Struct, frozen=True, forbid_unknown_fields=True):
    """A code that was accepted, the verifier's own id of that, and its time."""

    code: Annotated[str, Meta(max_length=400)]
    request_id: RequestId
    used_at: Annotated[datetime, Meta(tz=True)]


class Outcome(Struct, frozen=True):
    """What has become of a reported use: ``recorded``, ``known`` (reported before), or why it is not believed."""

    request_id: str
    outcome: str


async def report(
    session: AsyncSession, desk: Desk, verifier: CodeVerifier, uses: Sequence[OfflineUse]
) -> list[Outcome]:
    """Record uses, and say what has become of each."""
    read = [(use, _read(desk, verifier, use)) for use in uses]
    outcomes: dict[int, str] = {}
    good = [(code.code_id, at) for at, (_, code) in enumerate(read) if isinstance(code, pass_codes.PassCode)]
    for at, (_, code) in enumerate(read):
        if isinstance(code, Refusal):
            outcomes[at] = code.value
    for _, at in sorted(good):  # in this order nobody waits for each other (flows.codes.recording)
        use, code = read[at]
        if isinstance(code, pass_codes.PassCode):
            row = await _row(session, desk, verifier, use, code)
            outcomes[at] = "recorded" if await note(session, desk.clock, row) else "known"
    return [Outcome(use.request_id, outcomes[at]) for at, (use, _) in enumerate(read)]


def _read(desk: Desk, verifier: CodeVerifier, use: OfflineUse) -> pass_codes.PassCode | Refusal:
    now, keys = desk.clock.now(), desk.keys().published
    try:
        purpose = pass_codes.purpose_of(use.code, keys) or verifier.purposes[0]
        if purpose not in verifier.purposes:
            return Refusal.WRONG_PURPOSE
        code = pass_codes.authentic(use.code, keys, purpose, now)
        pass_codes.check_time(code, use.used_at)
    except PassCodeRefusedError as error:
        return error.reason
    if use.used_at > now + pass_codes.SKEW:
        return Refusal.TOO_EARLY
    return code if now - use.used_at <= REPORTED_WITHIN else Refusal.EXPIRED


async def _row(
    session: AsyncSession, desk: Desk, verifier: CodeVerifier, use: OfflineUse, code: pass_codes.PassCode
) -> CodeUse:
    holder = await holder_of(session, code.subject)
    return CodeUse(
        code_id=code.code_id,
        account_id=holder[0].id if holder is not None else None,
        verifier_id=verifier.id,
        purpose=code.purpose,
        claims=[],
        used_at=use.used_at,
        received_at=desk.clock.now(),
        offline=True,
        result="ok",
        request_id=use.request_id,
    )
