"""The example departments' entries are complete: they break no rule, and come out to the public by the real flow."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from cli import example_entries, examples
from cli.examples import Example
from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.entries.entry_file import read_file
from services_catalog.lifecycle.errors import RulesBrokenError
from services_catalog.lifecycle.flow import EntryFlow
from services_catalog.lifecycle.listing import Wanted
from supergraph.openapi import compile_document

_AGES = {"W03-assured"}  # as the example's day of checking passes


@pytest.fixture
def found() -> list[Example]:
    return examples.all_examples()


def _operations(example: Example) -> frozenset[str]:
    """What the example's document will offer."""
    folder, manifest = example.manifest_file.parent, example.manifest
    compiled = compile_document(
        manifest.document,
        lambda path: (folder / path).read_bytes(),
        service=manifest.name,
        settings=manifest.operations,
    )
    assert compiled.slice
    return frozenset(
        ".".join(filter(None, (f"{each.kind} {manifest.name}", each.group, each.name)))
        for each in compiled.slice.operations
    )


async def test_they_break_no_rule(database: Database, redis: Redis, tmp_path: Path, found: list[Example]) -> None:
    tokens = [await examples.credential(database, tmp_path, example.manifest) for example in found]
    for _ in range(2):  # the second time changes nothing
        await example_entries.prepare(database, tmp_path, zip(found, tokens, strict=True))
    flow = EntryFlow(database, redis, SystemClock())
    for example, token in zip(found, tokens, strict=True):
        actor = f"credential:{token.split('_')[1]}"
        documents = example_entries.documents(example)
        assert [each.level for each in documents] == ["item", "implementation"]
        for checked in await flow.check(actor, documents, _operations(example)):
            assert checked.error == ""
            assert [each for each in checked.findings if each.rule not in _AGES] == []


async def test_an_item_that_was_submitted_comes_out_once(
    database: Database, redis: Redis, tmp_path: Path, found: list[Example]
) -> None:
    example = found[0]
    token = await examples.credential(database, tmp_path, example.manifest)
    pairs = [(example, token)]
    desk = await example_entries.prepare(database, tmp_path, pairs)
    flow, actor = EntryFlow(database, redis, SystemClock()), f"credential:{token.split('_')[1]}"
    item, implementation = example_entries.documents(example)
    await flow.draft(actor, item)
    await flow.submit(actor, item.code)
    await flow.draft(actor, implementation)
    for _ in range(2):
        with pytest.raises(RulesBrokenError, match="E24-operations"):  # its API is not live here
            await example_entries.bring_out(database, redis, pairs, desk)
    page = await flow.listed(actor, Wanted())
    assert [(each.code, each.live, each.open) for each in page.entries] == [
        (item.code, "published", None),
        (implementation.code, None, "draft"),
    ]


async def test_what_brings_them_together_breaks_no_rule(
    database: Database, redis: Redis, tmp_path: Path, found: list[Example]
) -> None:
    tokens = [await examples.credential(database, tmp_path, example.manifest) for example in found]
    desk = await example_entries.prepare(database, tmp_path, zip(found, tokens, strict=True))
    flow = EntryFlow(database, redis, SystemClock())
    for example, token in zip(found, tokens, strict=True):
        for document in example_entries.documents(example):
            await flow.draft(f"credential:{token.split('_')[1]}", document)
    written, defects = read_file(example_entries.TOGETHER.read_bytes())
    assert defects == []
    answers = await flow.check(f"credential:{desk.office.split('_')[1]}", [each.document for each in written])
    assert {finding.rule for each in answers for finding in each.findings} == {"W04-steps"}  # none is public here
    everything = [each.fields for example in found for each in example_entries.documents(example)]
    topics = {topic for fields in everything for topic in fields.topics or ()}
    assert topics == {each.document.code for each in written if each.document.level == "topic"}
