"""Close an organisation: it stays in the past, and whatever named it can still be read."""

from datetime import date

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from services_catalog.organisations.errors import CloseRefusedError, OrganisationError
from services_catalog.organisations.history import Author, Change, record
from services_catalog.organisations.moving import check_day, lock
from services_catalog.organisations.questions import below, find
from services_catalog.organisations.tables import Organisation, OrganisationPlace


async def close(session: AsyncSession, clock: Clock, author: Author, code: str) -> None:
    """Close an organisation from a day on, with nothing below it on either line.

    Raises UnknownOrganisationError, CloseRefusedError.
    """
    await lock(session)
    node = await find(session, code)
    await check_day(session, clock, author.effective, node, CloseRefusedError)
    lines = ((OrganisationPlace.path, node.path), (OrganisationPlace.guidance_path, node.guidance_path))
    for column, path in lines:
        others = select(OrganisationPlace.organisation).where(
            below(column, path),
            col(OrganisationPlace.organisation) != code,
            col(OrganisationPlace.until) > author.effective,
        )
        if (other := (await session.exec(others.limit(1))).first()) is not None:
            raise CloseRefusedError(
                f"{other} stands below {code} on {author.effective} or later",
                fix=f"Move or close what is below it first; or merge {code} into its successor, which takes it over.",
            )
    await end(session, author.effective, node, CloseRefusedError)
    closed = Change(code, "closed", {}, {"valid_to": str(author.effective)})
    await record(session, clock, author, [closed])


async def end(session: AsyncSession, day: date, node: Organisation, refused: type[OrganisationError]) -> None:
    """Let an organisation, and its present place, end on a day; one that began no earlier cannot."""
    if node.valid_from is not None and node.valid_from >= day:
        raise refused(f"{node.code} is there from {node.valid_from} on", fix="Name a later day.")
    place, node.valid_to = OrganisationPlace, day
    await session.flush()
    await session.exec(delete(place).where(col(place.organisation) == node.code, col(place.since) >= day))
    await session.exec(
        update(place).where(col(place.organisation) == node.code, col(place.until) > day).values(until=day)
    )
