"""Notices written, once by the unique index of their table, each with the message that has it told; and read."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlalchemy.dialects import postgresql
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from auth.accounts.merging import parts_of
from flows.notices.messages import NoticeNamed
from flows.notices.tables import Notice, NoticeState
from kernel.clock import Clock, local
from kernel.ids import uuid7
from kernel.outbox import send

N = TypeVar("N", bound=Notice)


class Kept(Struct, frozen=True):
    """A flow's notices: their table, the message that has one told, and what is said where no account is known."""

    table: type[Notice]
    task: str
    nobody: str


async def write(
    session: AsyncSession,
    clock: Clock,
    kept: Kept,
    values: dict[str, Any],
    delay: timedelta = timedelta(0),
    *,
    by_phone: bool = False,
) -> None:
    """Have an account told, after a while if there is sense in it, unless that is done already.

    ``by_phone``: without an account, too, for the flow may know a telephone when it is told.
    """
    whom, notice_id = values["account_id"] or by_phone, uuid7()
    said = {
        "id": notice_id,
        "at": clock.now(),
        "state": "waiting" if whom else "untold",
        "told_by": "",
        "why": "" if whom else kept.nobody,
        **values,
    }
    made = postgresql.insert(kept.table).values(said).on_conflict_do_nothing()
    if (await session.exec(made.returning(col(kept.table.id)))).first() is not None and whom:
        send(session, clock, kept.task, NoticeNamed(notice_id), delay)


async def notices_of(session: AsyncSession, table: type[N], account_id: UUID, first: int) -> Sequence[N]:
    """Return what an account is told, the latest first."""
    chosen = select(table).where(col(table.account_id).in_(await parts_of(session, account_id)))
    return (await session.exec(chosen.order_by(col(table.id).desc()).limit(first))).all()


async def latest(
    session: AsyncSession, table: type[N], most: int, state: NoticeState | None, kind: str | None = None
) -> Sequence[N]:
    """Return everybody's notices, or those that stand so or are of a kind, the latest first: for an operator."""
    chosen = select(table).order_by(col(table.id).desc()).limit(most)
    chosen = chosen.where(col(table.state) == state) if state else chosen
    return (await session.exec(chosen.where(col(table.kind) == kind) if kind else chosen)).all()


def line(notice: Notice, about: str, zone: str = "UTC") -> str:
    """Say in one line what became of a notice."""
    by = f" by {notice.told_by}" if notice.told_by else ""
    why = f"  {notice.why}" if notice.why else ""
    return f"{local(notice.at, zone)}  {notice.kind}  {about}  {notice.state}{by}{why}"
