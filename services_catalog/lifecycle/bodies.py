"""What an entry shows of the organisation that it is of: who offers it, and whose residents it is for."""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from sqlalchemy import String, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.entries.words import Localized
from services_catalog.organisations.tables import Organisation
from services_catalog.organisations.words import AREAS
from services_catalog.reading.shown import Authority


class Placed(Protocol):
    """What it takes of an organisation: a row of it whole, or these columns."""

    @property
    def code(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def name_en(self) -> str | None: ...
    @property
    def path(self) -> str: ...


class Body(NamedTuple):
    """An organisation as its entries show it. ``area`` is the nearest one on its path that has residents."""

    authority: Authority
    area: str


async def bodies(session: AsyncSession, organisations: Collection[Placed]) -> dict[str, Body]:
    """Return organisations as their entries show them, by code."""
    paths = {each.code: each.path.split("/") for each in organisations}
    codes = sorted({code for path in paths.values() for code in path})
    governs = col(Organisation.code) == any_(literal(codes, ARRAY(String))), col(Organisation.kind).in_(AREAS)
    areas = set((await session.exec(select(Organisation.code).where(*governs))).all())
    return {each.code: _body(each, paths[each.code], areas) for each in organisations}


def _body(organisation: Placed, path: list[str], areas: set[str]) -> Body:
    name = Localized(organisation.name_zh, organisation.name_en)
    area = next((code for code in reversed(path) if code in areas), organisation.code)
    return Body(Authority(organisation.code, name, tuple(path)), area)
