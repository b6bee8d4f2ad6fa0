"""The file of who answers for what: CSV with an organisation and a matter on each line."""

from datetime import date

from sqlalchemy import String, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.organisations.errors import FileFinding, FileRefusedError
from services_catalog.organisations.responsible import MATTER
from services_catalog.organisations.sheets import read_sheet
from services_catalog.organisations.tables import EVER, FOREVER, Organisation, Responsibility

COLUMNS = ("organisation", "matter", "valid_from", "valid_to")


async def read_responsibilities(session: AsyncSession, data: bytes, encoding: str = "utf-8") -> list[Responsibility]:
    """Read a whole file; ``valid_to`` is the first day without. Raises FileRefusedError with everything wrong."""
    lines, findings = read_sheet(data, encoding, COLUMNS, required=COLUMNS[:2])
    codes = literal([cells["organisation"] for _, cells in lines], ARRAY(String))  # one parameter, however many
    known = set((await session.exec(select(Organisation.code).where(col(Organisation.code) == any_(codes)))).all())
    rows: dict[tuple[str, str, date], Responsibility] = {}
    for number, cells in lines:
        code, matter = cells["organisation"], cells["matter"]
        if code not in known:
            fix = "Load it first: yiwang organisation load."
            findings.append(FileFinding(number, f"There is no organisation {code!r}", fix))
        if not MATTER.fullmatch(matter):
            fix = "It is the code of a generic item or a topic: letters, digits, - _ . and :"
            findings.append(FileFinding(number, f"{matter!r} is no matter", fix))
        try:
            since, until = (
                _day(cells.get(name, ""), end) for name, end in (("valid_from", EVER), ("valid_to", FOREVER))
            )
        except ValueError as error:
            findings.append(FileFinding(number, f"No day: {error}", "Write 2026-07-01, or leave it empty."))
            continue
        if since >= until:
            findings.append(FileFinding(number, "valid_to is not after valid_from", "It is the first day without."))
        elif (code, matter, since) in rows:
            findings.append(FileFinding(number, f"{code} has {matter} twice", "Remove one of the two lines."))
        rows[code, matter, since] = Responsibility(organisation=code, matter=matter, valid_from=since, valid_to=until)
    if findings:
        raise FileRefusedError(sorted(findings))
    return list(rows.values())


def _day(text: str | None, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise
