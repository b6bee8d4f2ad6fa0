"""The record of uses: each once, with what is wrong about it: a code that two have accepted, impossible travel.

Past the ORM: a barrier waits for it, and sites report a thousand at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct
from msgspec.structs import astuple

from flows.codes.distance import metres, position_of
from flows.codes.offline import Use, is_retry
from flows.codes.pass_codes import CODE_ID_BYTES
from flows.codes.tables import Result
from flows.codes.verifiers import Verifier
from kernel.clock import Clock
from kernel.ids import uuid7

MOST_METRES_PER_SECOND = 60  # 216 km/h: faster than any train within the city
LEAST_METRES = 2_000  # nearer, clocks and maps that are a little off would raise alarms
LOOKED_BACK = timedelta(hours=6)

_LOCK = "SELECT pg_advisory_xact_lock($1)"
_INSERT = """
    INSERT INTO code_use (id, verifier_id, received_at, code_id, account_id, purpose, used_at, result, request_id,
        claims, offline)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING
    RETURNING id
"""
_FIRST = """
    SELECT verifier_id, request_id, used_at FROM code_use WHERE code_id = $1 AND result = 'ok'
    ORDER BY received_at LIMIT 1
"""
_DOUBLE_USE = """
    INSERT INTO code_double_use (code_id, first_use, second_use, found_at)
    SELECT code_id, id, $2, $3 FROM code_use WHERE code_id = $1 AND result = 'ok' AND id <> $2
    ORDER BY received_at LIMIT 1 ON CONFLICT DO NOTHING
"""
_NEAREST_IN_TIME = """
    SELECT u.id, u.used_at, v.latitude, v.longitude FROM code_use u JOIN code_verifier v ON v.id = u.verifier_id
    WHERE u.account_id = $1 AND u.result = 'ok' AND u.id <> $2 AND v.latitude IS NOT NULL
        AND u.used_at BETWEEN $3::timestamptz - $4::interval AND $3::timestamptz + $4::interval
    ORDER BY abs(extract(epoch FROM u.used_at - $3::timestamptz)) LIMIT 1
"""
_TRAVEL = """
    INSERT INTO code_travel (id, account_id, first_use, second_use, metres, seconds, found_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class Reading(Struct, frozen=True, kw_only=True):
    """What is recorded of a code that a verifier has read, in the order of ``_INSERT``; see ``CodeUse``."""

    code_id: bytes
    account_id: UUID | None
    purpose: str
    used_at: datetime
    result: Result
    request_id: str
    claims: Sequence[str] = ()
    offline: bool = False


async def signed_use(connection: "asyncpg.Connection[asyncpg.Record]", code_id: bytes, use: Use) -> Use | None:
    """As ``recorded_use``, of a signed code: a site may have told it. Till the transaction ends nobody records more.

    An opaque code is not looked for: only the platform judges it, and ``note`` refuses a second use without a look.
    """
    if not _is_signed(code_id):
        return None
    await _wait_for(connection, code_id)
    return await recorded_use(connection, code_id, use)


async def recorded_use(connection: "asyncpg.Connection[asyncpg.Record]", code_id: bytes, use: Use) -> Use | None:
    """Return the recorded use that this one repeats; what Redis knew of it may be lost."""
    row = await connection.fetchrow(_FIRST, code_id)
    if row is None:
        return None
    first = Use(str(row["verifier_id"]), row["request_id"], row["used_at"])
    return None if is_retry(first, use.verifier, use.request_id, use.at) else first


async def note(
    connection: "asyncpg.Connection[asyncpg.Record]", clock: Clock, verifier: Verifier, reading: Reading
) -> bool:
    """Record a use, and what it shows; False if this request of the verifier's is recorded already.

    False as well for a second online use that is ``ok``: PostgreSQL refuses it, whatever Redis has forgotten. Notes of
    one code wait for each other, so that of two uses the later sees the earlier. Whoever notes several in a transaction
    does so in the order of their code ids.
    """
    use_id, now = uuid7(), clock.now()
    if signed := _is_signed(reading.code_id):
        await _wait_for(connection, reading.code_id)
    if await connection.fetchval(_INSERT, use_id, verifier.id, now, *astuple(reading)) is None:
        return False
    if reading.result == "ok":
        if signed:
            await connection.execute(_DOUBLE_USE, reading.code_id, use_id, now)
        if reading.account_id is not None and verifier.where is not None:
            await _look_for_travel(connection, verifier, reading, use_id, now)
    return True


def _is_signed(code_id: bytes) -> bool:
    """Whether it is of a code that others judge too; an opaque one is judged by the platform alone."""
    return len(code_id) == CODE_ID_BYTES


async def _wait_for(connection: "asyncpg.Connection[asyncpg.Record]", code_id: bytes) -> None:
    await connection.execute(_LOCK, int.from_bytes(code_id, signed=True))


async def _look_for_travel(
    connection: "asyncpg.Connection[asyncpg.Record]", verifier: Verifier, reading: Reading, use_id: UUID, now: datetime
) -> None:
    query = _NEAREST_IN_TIME, reading.account_id, use_id, reading.used_at, LOOKED_BACK
    other = await connection.fetchrow(*query)
    there = position_of(other["latitude"], other["longitude"]) if other is not None else None
    if verifier.where is None or there is None:
        return
    far, seconds = metres(verifier.where, there), abs((reading.used_at - other["used_at"]).total_seconds())
    if far > max(LEAST_METRES, MOST_METRES_PER_SECOND * seconds):
        values = reading.account_id, other["id"], use_id, far, int(seconds), now
        await connection.execute(_TRAVEL, uuid7(), *values)
