"""The file of operators, lots, lanes, bays and tariffs, as YAML or JSON: read strictly, every defect with its place.

docs/parking_operators.md describes it; ``loading`` makes rows of it, ``exporting`` writes it.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from flows.parking.errors import TariffRefusedError
from flows.parking.opening import Hours
from flows.parking.tables import BayKind, DayKind, Direction, LotKind, NoEntryRule
from flows.parking.tariff_data import read_tariff
from services_catalog.organisations.words import CODE_PATTERN
from services_catalog.strict_file import Located, defect, read_strictly, twice
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding

REFERENCE = "docs/parking_operators.md describes the file."
Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Id = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{1,49}$", description="Write 2 to 50 lower case letters, digits and hyphens.")
]
_Code = Annotated[str, Meta(pattern="^[A-Za-z0-9._-]{1,40}$", description="Write 1 to 40 of A-Z a-z 0-9 . _ -")]
_Latitude = Annotated[float, Meta(ge=-90, le=90, description="Write degrees of WGS 84.")]
_Longitude = Annotated[float, Meta(ge=-180, le=180, description="Write degrees of WGS 84.")]


class _Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class FileLane(_Strict, frozen=True, kw_only=True):
    """A lane. ``device`` is the id of the verifier that sends its events (``yiwang verifier add``)."""

    name: Name
    device: Annotated[UUID, Meta(description="Write the id that yiwang verifier add has printed.")]
    direction: Direction
    fail_open: bool = True
    closed: bool = False


class FileBay(_Strict, frozen=True, kw_only=True):
    """A marked space."""

    number: _Code
    kind: BayKind = "standard"
    latitude: _Latitude | None = None
    longitude: _Longitude | None = None
    closed: bool = False


class FileLot(_Strict, frozen=True, kw_only=True):
    """A lot, under its operator's own code. ``tariff`` is the code of one of the operator's.

    ``host_ids``: the lot's number at host apps that are told of its stays, by app id.
    """

    code: _Code
    kind: LotKind
    name_zh: Name
    name_en: str = ""
    address_zh: str = ""
    address_en: str = ""
    latitude: _Latitude
    longitude: _Longitude
    spaces: Annotated[int, Meta(ge=0, le=100_000)]
    district: Annotated[
        str, Meta(pattern=f"^({CODE_PATTERN})?$", description="Write the code of the organisation that it stands in.")
    ] = ""
    opening: list[Hours] = []
    area_class: str = ""
    holiday_region: str = "CN"
    tariff: _Code
    no_entry: NoEntryRule = "review"
    pays_later: bool = False
    host_ids: dict[Name, Name] = {}
    lanes: list[FileLane] = []
    bays: list[FileBay] = []
    closed: bool = False


class FileTariff(_Strict, frozen=True, kw_only=True):
    """A version of a tariff; ``data`` is described in docs/parking.md. What is published is never changed."""

    code: _Code
    valid_from: Annotated[
        datetime, Meta(tz=True, description="Write a time with its zone, such as 2027-01-01T00:00:00+08:00.")
    ]
    data: dict[str, Any]


class FileOperator(_Strict, frozen=True, kw_only=True):
    """Whoever runs lots. ``department`` is whose programs may operate them (``yiwang client add``)."""

    id: _Id
    name_zh: Name
    name_en: str = ""
    credit_code: str = ""
    department: str = ""
    tariffs: list[FileTariff] = []
    lots: list[FileLot] = []
    closed: bool = False


class FileHoliday(_Strict, frozen=True, kw_only=True):
    """A day that is not like its weekday."""

    day: Annotated[date, Meta(description="Write a day such as 2027-01-01.")]
    kind: DayKind
    region: str = "CN"
    name_zh: str = ""
    source: str = ""


class OperatorFile(_Strict, frozen=True, kw_only=True):
    """All of it."""

    operators: list[FileOperator] = []
    holidays: list[FileHoliday] = []


def read_operator_file(data: bytes) -> tuple[OperatorFile | None, list[Located]]:
    """Return the file, None if it has defects, and those, in the order of their lines."""
    return read_strictly(data, OperatorFile, REFERENCE, _contradictions)


def _contradictions(file: OperatorFile) -> Iterator[Finding]:
    yield from twice("/operators", [each.id for each in file.operators])
    yield from twice("/holidays", [f"{each.region} {each.day}" for each in file.holidays])
    devices = [
        (f"{lane.device} {lane.name}", f"/operators/{i}/lots/{j}/lanes/{k}")
        for i, operator in enumerate(file.operators)
        for j, lot in enumerate(operator.lots)
        for k, lane in enumerate(lot.lanes)
    ]
    used = Counter(name for name, _ in devices)
    for name, at in devices:
        if used[name] > 1:
            yield defect(at, f"the device has another lane {name.partition(' ')[2]}", "Name each of its lanes apart.")
    for number, operator in enumerate(file.operators):
        yield from _of_operator(operator, pointer("/operators", number))


def _of_operator(operator: FileOperator, at: str) -> Iterator[Finding]:
    yield from twice(f"{at}/lots", [each.code for each in operator.lots])
    yield from twice(f"{at}/tariffs", [f"{each.code} {each.valid_from.timestamp()}" for each in operator.tariffs])
    for number, tariff in enumerate(operator.tariffs):
        yield from _of_tariff(tariff, f"{at}/tariffs/{number}")
    for number, lot in enumerate(operator.lots):
        here = f"{at}/lots/{number}"
        yield from twice(f"{here}/lanes", [each.name for each in lot.lanes])
        yield from twice(f"{here}/bays", [each.number for each in lot.bays])
        for place, bay in enumerate(lot.bays):
            if (bay.latitude is None) != (bay.longitude is None):
                yield defect(f"{here}/bays/{place}", "half a position is none", "Give both numbers, or neither.")


def _of_tariff(tariff: FileTariff, at: str) -> Iterator[Finding]:
    try:
        read_tariff(tariff.data)
    except TariffRefusedError as error:
        for each in error.findings:
            place = each.where.replace("[", ".").replace("]", "").replace(".", "/")
            yield defect(f"{at}/data/{place}", each.problem, each.fix)
