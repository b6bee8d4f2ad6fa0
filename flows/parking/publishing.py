"""Publishing a tariff: its data is checked as a whole, becomes the next version, and holds for entries yet to come."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.errors import Finding, TariffRefusedError
from flows.parking.tables import ParkingOperator, ParkingTariff
from flows.parking.tariff_data import read_tariff
from kernel.audit.entries import Event, append
from kernel.clock import Clock


class NewTariff(Struct, frozen=True, kw_only=True):
    """A tariff of an operator; lots name it by its ``code``."""

    operator_id: str
    code: str
    data: dict[str, Any]
    valid_from: datetime


async def publish_tariff(
    session: AsyncSession, clock: Clock, wanted: NewTariff, actor: str, *, forced: bool = False
) -> ParkingTariff:
    """Publish the next version; the same data from the same moment on again is the same version.

    No version holds from a moment that has passed: who entered before would be charged by another one than they read.
    The first version of a code may, for nobody could be charged by it, and one that is ``forced``. Raises
    TariffRefusedError.
    """
    read_tariff(wanted.data)
    await session.get_one(ParkingOperator, wanted.operator_id, with_for_update=True)
    chosen = select(ParkingTariff).where(
        ParkingTariff.operator_id == wanted.operator_id, ParkingTariff.code == wanted.code
    )
    versions = (await session.exec(chosen.order_by(col(ParkingTariff.version)))).all()
    same = next((each for each in versions if each.valid_from == wanted.valid_from), None)
    if same is not None and same.data == wanted.data:
        return same
    if same is not None or (versions and not forced and wanted.valid_from < clock.now()):
        problem = "another version holds from then on" if same is not None else "it has passed"
        raise TariffRefusedError([Finding("valid_from", problem, "Take a later moment.")])
    made = ParkingTariff(
        operator_id=wanted.operator_id,
        code=wanted.code,
        version=len(versions) + 1,
        data=wanted.data,
        valid_from=wanted.valid_from,
        published_at=clock.now(),
        published_by=actor,
    )
    session.add(made)
    await session.flush()
    details: dict[str, str | int | bool] = {"code": wanted.code, "version": made.version, "forced": forced}
    event = Event(
        actor=actor, action="parking_tariff.published", object=f"operator:{wanted.operator_id}", details=details
    )
    await append(session, clock, event)
    return made
