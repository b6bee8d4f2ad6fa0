"""What the resident is told when something lies ready for them: written when it is filed, told by the worker.

It says where and until when, never what: a message may be read over somebody's shoulder. The code is in the app alone.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from adapters.apps import OpenApps
from adapters.templates import MessageName, Value
from flows.appointments.persons import account_by_index
from flows.appointments.tables import AppointmentOffice
from flows.notices.telling import LINE, NONE, Said, Teller, shown_time, skip, waiting
from flows.notices.telling import tell as say
from flows.notices.writing import Kept, write
from flows.pickups.messages import NOTICE
from flows.pickups.notice_tables import Kind, PickupNotice
from flows.pickups.tables import Pickup
from kernel.clock import Clock
from kernel.crypto.fields import FieldCipher

_KEPT = Kept(PickupNotice, NOTICE, "no account has proven this ID number yet")


class Words(NamedTuple):
    """A kind of notice: the hosts' message, and what it says, in up to 20 characters each."""

    message: MessageName
    zh: str
    en: str


WORDS: Mapping[Kind, Words] = {"ready": Words("pickup_ready", "有物品待领取，请凭码领取", "Ready for pick-up")}


async def notify(session: AsyncSession, clock: Clock, row: Pickup) -> None:
    """Have whoever has proven the ID number told that it lies ready, once; a notice says so if nobody has."""
    account_id = await account_by_index(session, row.person) if row.person else None
    await write(session, clock, _KEPT, {"pickup_id": row.id, "account_id": account_id, "kind": "ready"})


async def tell(session: AsyncSession, clock: Clock, cipher: FieldCipher, apps: OpenApps, notice_id: UUID) -> None:
    """Tell a notice unless it was told, or is needless by now. Raises what a host fails with for a while."""
    notice = await waiting(session, PickupNotice, notice_id)
    if notice is None:
        return
    row = await session.get_one(Pickup, notice.pickup_id)
    if row.state != "ready" or row.until <= clock.now():
        skip(notice, "it was too late" if row.state == "ready" else f"it is {row.state} by now")
        return
    office = await session.get_one(AppointmentOffice, row.office)
    words = WORDS[notice.kind]
    values: Mapping[Value, str] = {
        "what": words.zh,
        "what_en": words.en,
        "office": office.name_zh[:LINE],
        "phone": office.phone or NONE,
        "until": shown_time(row.until, ZoneInfo(office.time_zone)),
    }
    await say(Teller(session, clock, cipher, apps), notice, Said(words.message, values))


async def notices_of(session: AsyncSession, pickups: Collection[UUID]) -> Mapping[UUID, PickupNotice]:
    """Return what was told of pick-ups, by these."""
    rows = await session.exec(select(PickupNotice).where(col(PickupNotice.pickup_id).in_(pickups)))
    return {each.pickup_id: each for each in rows.all()}


async def forget_whose(session: AsyncSession, pickups: Collection[UUID]) -> None:
    """Have notices of pick-ups be nobody's; what still waits is told no more."""
    theirs = select(PickupNotice).where(col(PickupNotice.pickup_id).in_(pickups)).order_by(col(PickupNotice.id))
    locked = theirs.with_for_update().execution_options(populate_existing=True)  # one may be told just now
    for each in (await session.exec(locked)).all():
        each.account_id = None
        if each.state == "waiting":
            skip(each, "the account is erased")
        session.add(each)
