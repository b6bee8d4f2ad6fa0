"""Uses that an offline verifier has accepted and tells later. Two sites that have accepted one code are found here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import asyncpg
from msgspec import Meta, Struct
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes import pass_codes, signed_codes
from flows.codes.desk import Desk
from flows.codes.errors import PassCodeRefusedError
from flows.codes.recording import Reading, note
from flows.codes.refusals import Refusal
from flows.codes.subjects import holder_of
from flows.codes.verifiers import Verifier
from kernel.database import driver

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


async def report(session: AsyncSession, desk: Desk, verifier: Verifier, uses: Sequence[OfflineUse]) -> list[Outcome]:
    """Record uses, and say what has become of each."""
    read = [(use, _read(desk, verifier, use)) for use in uses]
    outcomes: dict[int, str] = {}
    good = [(code.code_id, at) for at, (_, code) in enumerate(read) if isinstance(code, pass_codes.PassCode)]
    for at, (_, code) in enumerate(read):
        if isinstance(code, Refusal):
            outcomes[at] = code.value
    connection = await driver(session)
    for _, at in sorted(good):  # in this order nobody waits for each other (flows.codes.recording)
        use, code = read[at]
        if isinstance(code, pass_codes.PassCode):
            reading = await _reading(connection, use, code)
            outcomes[at] = "recorded" if await note(connection, desk.clock, verifier, reading) else "known"
    return [Outcome(use.request_id, outcomes[at]) for at, (use, _) in enumerate(read)]


def _read(desk: Desk, verifier: Verifier, use: OfflineUse) -> pass_codes.PassCode | Refusal:
    now, keys = desk.clock.now(), desk.keys().published
    try:
        code = signed_codes.authentic(use.code, keys, verifier.purposes, now)
        pass_codes.check_time(code, use.used_at)
    except PassCodeRefusedError as error:
        return error.reason
    if use.used_at > now + pass_codes.SKEW:
        return Refusal.TOO_EARLY
    return code if now - use.used_at <= REPORTED_WITHIN else Refusal.EXPIRED


async def _reading(
    connection: "asyncpg.Connection[asyncpg.Record]", use: OfflineUse, code: pass_codes.PassCode
) -> Reading:
    holder = await holder_of(connection, code.subject)
    return Reading(
        code_id=code.code_id,
        account_id=holder.account_id if holder is not None else None,
        purpose=code.purpose,
        used_at=use.used_at,
        result="ok",
        request_id=use.request_id,
        offline=True,
    )
