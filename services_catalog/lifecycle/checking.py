"""Checking documents together without storing them: a department's CI asks before anybody is bothered.

All of it happens in a transaction that the caller rolls back, so that an implementation finds the item beside it.
"""

from collections.abc import Iterable, Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from kernel.clock import Clock
from kernel.errors import YiwangError
from services_catalog.entries.document import EntryDocument
from services_catalog.entries.fields import said
from services_catalog.entries.inheritance import Authorship, Layer
from services_catalog.entries.words import LEVELS
from services_catalog.lifecycle.answers import Checked
from services_catalog.lifecycle.drafting import placed, same_already
from services_catalog.lifecycle.operations import live_operations, mentioned, operations_of
from services_catalog.lifecycle.submitting import judged
from services_catalog.lifecycle.tables import Entry


async def rehearse(
    session: AsyncSession, clock: Clock, actor: str, documents: Iterable[EntryDocument], coming: frozenset[str]
) -> list[Checked]:
    """Return what the rules say of documents, in their order; ``coming`` are operations that will be live by then.

    What stands above a document and is among them counts as public. The session is to be rolled back.
    """
    written = list(documents)
    beside: dict[str, Layer] = {}
    found: dict[int, Checked] = {}
    for at in sorted(range(len(written)), key=lambda at: (LEVELS.index(written[at].level), written[at].code)):
        document = written[at]
        try:
            async with session.begin_nested():
                entry, _ = await placed(session, clock, actor, document, kept=False)
        except YiwangError as error:
            found[at] = Checked(document.code, error=f"{error.code}: {error.message}", fix=error.fix)
            continue
        layer = _layer(clock, actor, entry, document)
        layers = [layer, *filter(None, [beside.get(entry.parent or "")])]
        operations = await _operations(session, layers, coming) | await operations_of(session, document.code)
        breaches = await judged(session, clock, entry, layer, operations, beside=beside)
        beside[document.code] = layer
        same = await same_already(session, document)
        found[at] = Checked(document.code, same.state if same else "", tuple(breaches))
    return [found[at] for at in range(len(written))]


def _layer(clock: Clock, actor: str, entry: Entry, document: EntryDocument) -> Layer:
    authorship = {name: Authorship(actor, clock.now(), 0) for name in said(document.fields)}
    return Layer(entry.code, entry.level, entry.organisation, 0, document.fields, authorship)


async def _operations(session: AsyncSession, layers: Sequence[Layer], coming: frozenset[str]) -> frozenset[str]:
    wanted = {each for layer in layers for each in mentioned(layer.fields)}
    return coming | await live_operations(session, wanted)
