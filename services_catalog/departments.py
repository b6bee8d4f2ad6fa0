"""The departments that may publish; the operator adds them."""

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.errors import BadDepartmentError, UnknownDepartmentError
from services_catalog.manifest import DepartmentName, Text
from services_catalog.organisations.questions import find
from services_catalog.tables import Department


async def add_department(
    session: AsyncSession, clock: Clock, name: str, title: Text, *, organisation: str | None = None
) -> Department:
    """Add a department, at its ``organisation`` in the tree.

    Raises BadDepartmentError if the name is none or taken, UnknownOrganisationError.
    """
    try:
        msgspec.convert(name, DepartmentName)
    except msgspec.ValidationError as error:
        raise BadDepartmentError(
            f"{name!r} is no department's name", fix="Use 2 to 40 lower case letters, digits and hyphens."
        ) from error
    if await session.get(Department, name) is not None:
        raise BadDepartmentError(f"There is a department {name!r} already", fix="Choose another name.")
    if organisation is not None:
        await find(session, organisation)
    department = Department(
        name=name, title_zh=title.zh, title_en=title.en, created_at=clock.now(), organisation=organisation
    )
    session.add(department)
    await session.flush()
    return department


async def find_department(session: AsyncSession, name: str) -> Department:
    """Return a department. Raises UnknownDepartmentError."""
    department = await session.get(Department, name)
    if department is None:
        raise UnknownDepartmentError(
            f"There is no department {name!r}", fix="The operator adds it: yiwang department add."
        )
    return department


async def place_department(session: AsyncSession, name: str, organisation: str) -> None:
    """Give a department its place in the tree. Raises UnknownDepartmentError, UnknownOrganisationError."""
    department = await find_department(session, name)
    department.organisation = (await find(session, organisation)).code
    session.add(department)


async def all_departments(session: AsyncSession) -> list[Department]:
    """Return every department, by name."""
    return list((await session.exec(select(Department).order_by(col(Department.name)))).all())
