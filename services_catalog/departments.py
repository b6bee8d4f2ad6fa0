"""The departments that may publish; the operator adds them."""

import msgspec
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.errors import BadDepartmentError, UnknownDepartmentError
from services_catalog.manifest import DepartmentName, Text
from services_catalog.tables import Department


async def add_department(session: AsyncSession, clock: Clock, name: str, title: Text) -> Department:
    """Add a department. Raises BadDepartmentError if the name is none or taken."""
    try:
        msgspec.convert(name, DepartmentName)
    except msgspec.ValidationError as error:
        raise BadDepartmentError(
            f"{name!r} is no department's name", fix="Use 2 to 40 lower case letters, digits and hyphens."
        ) from error
    if await session.get(Department, name) is not None:
        raise BadDepartmentError(f"There is a department {name!r} already", fix="Choose another name.")
    department = Department(name=name, title_zh=title.zh, title_en=title.en, created_at=clock.now())
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


async def all_departments(session: AsyncSession) -> list[Department]:
    """Return every department, by name."""
    return list((await session.exec(select(Department).order_by(col(Department.name)))).all())
