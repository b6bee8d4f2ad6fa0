"""The record of uses: each once, with what is wrong about it: a code that two have accepted, impossible travel."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.codes.distance import metres, position_of
from flows.codes.pass_codes import CODE_ID_BYTES
from flows.codes.tables import CodeDoubleUse, CodeTravel, CodeUse, CodeVerifier
from kernel.clock import Clock

MOST_METRES_PER_SECOND = 60  # 216 km/h: faster than any train within the city
LEAST_METRES = 2_000  # nearer, clocks and maps that are a little off would raise alarms
LOOKED_BACK = timedelta(hours=6)


async def note(session: AsyncSession, clock: Clock, use: CodeUse) -> bool:
    """Record a use, and what it shows; False if this request of the verifier's is recorded already.

    Notes of one code wait for each other, so that of two uses the later sees the earlier. Whoever notes several in a
    transaction does so in the order of their code ids.
    """
    signed = len(use.code_id) == CODE_ID_BYTES  # an opaque one is judged by the platform alone: nobody has it as well
    if signed:
        await session.exec(select(func.pg_advisory_xact_lock(int.from_bytes(use.code_id, signed=True))))
    made = insert(CodeUse).values(**use.model_dump()).on_conflict_do_nothing(constraint="code_use_once")
    if (await session.exec(made.returning(col(CodeUse.id)))).first() is None:
        return False
    if use.result == "ok":
        if signed:
            await _look_for_another(session, clock, use)
        if use.account_id is not None:
            await _look_for_travel(session, clock, use, use.account_id)
    return True


async def _look_for_another(session: AsyncSession, clock: Clock, use: CodeUse) -> None:
    query = select(CodeUse.id).where(CodeUse.code_id == use.code_id, CodeUse.result == "ok", CodeUse.id != use.id)
    first = (await session.exec(query.order_by(col(CodeUse.received_at)).limit(1))).first()
    if first is not None:
        row = CodeDoubleUse(code_id=use.code_id, first_use=first, second_use=use.id, found_at=clock.now())
        await session.exec(insert(CodeDoubleUse).values(**row.model_dump()).on_conflict_do_nothing())


async def _look_for_travel(session: AsyncSession, clock: Clock, use: CodeUse, account_id: UUID) -> None:
    here = await session.get(CodeVerifier, use.verifier_id)
    one = position_of(here.latitude, here.longitude) if here is not None else None
    if one is None:
        return
    query = (
        select(CodeUse, CodeVerifier)
        .where(CodeUse.account_id == account_id, CodeUse.result == "ok", CodeUse.id != use.id)
        .where(col(CodeUse.used_at).between(use.used_at - LOOKED_BACK, use.used_at + LOOKED_BACK))
        .where(CodeUse.verifier_id == CodeVerifier.id, col(CodeVerifier.latitude).is_not(None))
    )
    nearest = query.order_by(func.abs(func.extract("epoch", col(CodeUse.used_at) - use.used_at))).limit(1)
    found = (await session.exec(nearest)).first()
    if found is None:
        return
    other, there = found
    two = position_of(there.latitude, there.longitude)
    if two is None:
        return
    far, seconds = metres(one, two), abs((use.used_at - other.used_at).total_seconds())
    if far > max(LEAST_METRES, MOST_METRES_PER_SECOND * seconds):
        session.add(
            CodeTravel(
                account_id=account_id,
                first_use=other.id,
                second_use=use.id,
                metres=far,
                seconds=int(seconds),
                found_at=clock.now(),
            )
        )
