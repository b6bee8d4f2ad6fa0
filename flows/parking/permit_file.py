"""The file of permits: CSV, a line each. What holds already is left as it is, so that a file can be sent again."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import NamedTuple
from uuid import UUID

from sqlmodel import select

from flows.parking.errors import PermitRefusedError, PlateError
from flows.parking.gathering import Deps
from flows.parking.permitting import Assigning, NewPermit
from flows.parking.tables import ParkingLot, ParkingOperator
from kernel.clock import CHINA
from services_catalog.organisations.errors import FileFinding, FileRefusedError
from services_catalog.organisations.sheets import read_sheet

COLUMNS = ("operator", "lot", "plate", "permit", "since", "until")
_REQUIRED = ("operator", "plate", "permit", "since")


class Assigned(NamedTuple):
    """How many permits of a file are new, and how many were there."""

    new: int
    known: int


async def load_permits(deps: Deps, actor: str, data: bytes, encoding: str) -> Assigned:
    """Assign the permits of a file, all or none. Raises FileRefusedError with every defect and its line."""
    lines, findings = read_sheet(data, encoding, COLUMNS, required=_REQUIRED)
    places: dict[tuple[str, str], UUID | None] = {
        (row.operator_id, row.code): row.id for row in (await deps.session.exec(select(ParkingLot))).all()
    }
    places |= {(each, ""): None for each in (await deps.session.exec(select(ParkingOperator.id))).all()}
    assigning, done = Assigning(deps, actor), [0, 0]
    for number, cells in sorted(lines, key=lambda line: line[1]["operator"]):
        try:
            _, new = await assigning.assign(_permit(cells, places))
        except (PermitRefusedError, PlateError) as error:
            findings.append(FileFinding(number, error.message, error.fix))
        else:
            done[not new] += 1
    if findings:
        raise FileRefusedError(sorted(findings))
    return Assigned(*done)


def _permit(cells: Mapping[str, str], places: Mapping[tuple[str, str], UUID | None]) -> NewPermit:
    """Read a line. Raises PermitRefusedError."""
    where = cells["operator"], cells.get("lot", "")
    if where not in places:
        raise PermitRefusedError(f"There is no {'/'.join(where)}", fix="yiwang parking show lists operators and lots.")
    return NewPermit(
        operator_id=where[0],
        lot_id=places[where],
        plate=cells["plate"],
        name=cells["permit"],
        since=_moment(cells["since"]),
        until=_moment(cells["until"]) if cells.get("until") else None,
    )


def _moment(cell: str) -> datetime:
    """Read a day, which begins at midnight in Beijing, or a moment with its zone. Raises PermitRefusedError."""
    try:
        if len(cell) == len("2027-01-01"):
            return datetime.combine(date.fromisoformat(cell), time(), CHINA)
        found = datetime.fromisoformat(cell)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise PermitRefusedError(f"{cell!r} is no day or moment", fix="Write 2027-01-01 or 2027-01-01T09:00:00+08:00.")
    return found
