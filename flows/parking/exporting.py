"""The rows of operators as the file that ``loading`` reads: to look at them, to keep them, to change them."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from flows.parking.opening import Hours
from flows.parking.operator_file import (
    FileBay,
    FileHoliday,
    FileLane,
    FileLot,
    FileOperator,
    FileTariff,
    OperatorFile,
)
from flows.parking.tables import ParkingBay, ParkingHoliday, ParkingLane, ParkingLot, ParkingOperator, ParkingTariff
from kernel.clock import CHINA

_Row = TypeVar("_Row", bound=SQLModel)


async def export(session: AsyncSession) -> OperatorFile:
    """Return everything."""
    lots = await _all(session, ParkingLot, ParkingLot.operator_id, ParkingLot.code)
    lanes = await _all(session, ParkingLane, ParkingLane.lot_id, ParkingLane.name)
    bays = await _all(session, ParkingBay, ParkingBay.lot_id, ParkingBay.number)
    tariffs = await _all(session, ParkingTariff, ParkingTariff.operator_id, ParkingTariff.code, ParkingTariff.version)
    operators = [
        FileOperator(
            id=each.id,
            name_zh=each.name_zh,
            name_en=each.name_en,
            credit_code=each.credit_code,
            department=each.department or "",
            tariffs=[_tariff(row) for row in tariffs if row.operator_id == each.id],
            lots=[_lot(row, lanes, bays) for row in lots if row.operator_id == each.id],
            closed=each.closed_at is not None,
        )
        for each in await _all(session, ParkingOperator, ParkingOperator.id)
    ]
    holidays = await _all(session, ParkingHoliday, ParkingHoliday.region, ParkingHoliday.day)
    return OperatorFile(
        operators=operators,
        holidays=[
            FileHoliday(day=each.day, kind=each.kind, region=each.region, name_zh=each.name_zh, source=each.source)
            for each in holidays
        ],
    )


async def _all(session: AsyncSession, table: type[_Row], *order: object) -> Sequence[_Row]:
    return (await session.exec(select(table).order_by(*(col(each) for each in order)))).all()


def _tariff(row: ParkingTariff) -> FileTariff:
    return FileTariff(code=row.code, valid_from=row.valid_from.astimezone(CHINA), data=row.data)


def _lot(row: ParkingLot, lanes: Sequence[ParkingLane], bays: Sequence[ParkingBay]) -> FileLot:
    same = set(FileLot.__struct_fields__) - {"opening", "lanes", "bays", "closed"}
    return FileLot(
        **{name: getattr(row, name) for name in same},
        opening=msgspec.convert(row.opening, list[Hours]),
        lanes=[_lane(each) for each in lanes if each.lot_id == row.id],
        bays=[_bay(each) for each in bays if each.lot_id == row.id],
        closed=row.closed_at is not None,
    )


def _lane(row: ParkingLane) -> FileLane:
    closed = row.closed_at is not None
    return FileLane(
        name=row.name, device=UUID(row.device_id), direction=row.direction, fail_open=row.fail_open, closed=closed
    )


def _bay(row: ParkingBay) -> FileBay:
    closed = row.closed_at is not None
    return FileBay(number=row.number, kind=row.kind, latitude=row.latitude, longitude=row.longitude, closed=closed)
