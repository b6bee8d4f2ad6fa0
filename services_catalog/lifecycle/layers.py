"""The levels of an entry as stored rows say them, ready for services_catalog.entries.inheritance."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from services_catalog.entries.fields import Fields
from services_catalog.entries.inheritance import Authorship, Layer
from services_catalog.lifecycle.steps import live_version
from services_catalog.lifecycle.tables import Entry, EntryVersion


def layer_of(entry: Entry, version: EntryVersion) -> Layer:
    """Return what a version says."""
    return Layer(
        entry.code,
        entry.level,
        entry.organisation,
        version.number,
        msgspec.convert(version.fields, Fields),
        msgspec.convert(version.authorship, dict[str, Authorship]),
    )


async def live_layers_above(session: AsyncSession, entry: Entry) -> tuple[Sequence[Layer], Sequence[str]]:
    """Return the live levels above an entry, the generic item first, and the codes of those that are not live."""
    return await layers_above(session, entry, {})


async def layers_above(
    session: AsyncSession, entry: Entry, beside: Mapping[str, Layer]
) -> tuple[Sequence[Layer], Sequence[str]]:
    """Return the same, with levels of ``beside``, by code, in place of what is stored."""
    layers: list[Layer] = []
    missing: list[str] = []
    parent = entry.parent
    while parent is not None:
        above = await session.get_one(Entry, parent)
        version = None if parent in beside else await live_version(session, parent)
        if parent in beside:
            layers.append(beside[parent])
        elif version is None or version.state == "suspended":
            missing.append(parent)
        else:
            layers.append(layer_of(above, version))
        parent = above.parent
    return layers[::-1], missing[::-1]
