"""Whether what somebody names is offered: a live service, or an operation of one."""

from collections.abc import Iterable
from difflib import get_close_matches

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.errors import UnknownServiceError
from services_catalog.tables import Service, ServiceVersion
from supergraph.slice import decode


async def check_offered(session: AsyncSession, names: Iterable[str]) -> None:
    """Judge names like ``library`` and ``library.borrow``. Raises UnknownServiceError, with what may be meant."""
    live = (await session.exec(select(Service.name).where(col(Service.live_version).is_not(None)))).all()
    for name in names:
        service, _, operation = name.partition(".")
        if service not in live:
            raise _unknown(f"No service {service!r} is live", service, live)
        if operation and operation not in (known := await _operations(session, service)):
            raise _unknown(f"The service {service!r} has no operation {operation!r}", operation, known)


async def _operations(session: AsyncSession, service: str) -> list[str]:
    query = select(ServiceVersion.slice).join(Service, col(Service.name) == col(ServiceVersion.service))
    query = query.where(col(Service.name) == service, col(Service.live_version) == col(ServiceVersion.number))
    return [each.name for each in decode((await session.exec(query)).one()).operations]


def _unknown(message: str, name: str, known: Iterable[str]) -> UnknownServiceError:
    near = get_close_matches(name, known, n=3)
    return UnknownServiceError(
        message,
        fix=f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(known)) or 'none'}.",
    )
