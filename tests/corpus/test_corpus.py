"""The main job on real input: every real document is published, and every safe operation asked through the gateway."""

import asyncio
import io
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from auth.credentials import issue
from kernel.clock import SystemClock
from kernel.database import Database
from kernel.settings import Settings
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.corpus.check import Checker, Question
from tests.corpus.documents import Source, files, is_safe, names, source
from tests.corpus.processes import gateway, mock

AT_ONCE = 4
EVERY_OTHER = 4  # of the operations that change something, one in so many
CANNOT_BE_ASKED = {
    ("us-gsa__contract-awards.yaml", "GET /contract-awards/v1/search"): (
        "an exploded object has properties of the same names as other query parameters, with other types"
    ),
    ("is-vmst__vmst.yaml", "GET /applications/{applicationId}"): (
        "the answer requires a property that its schema forbids, so no answer is valid"
    ),
}


@pytest.mark.case("issue-2.5")
@pytest.mark.skipif(not files(), reason="the corpus of real documents is not beside the repository")
async def test_the_whole_corpus_through_the_gateway(
    database: Database, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.perf_counter()
    sources = [found for name, path in names() if (found := source(name, path)) is not None]
    compiled = time.perf_counter()
    async with database.session() as session:
        await add_department(session, SystemClock(), "city", Text(zh="市", en="City"))
        token = await issue(session, SystemClock(), "city")
    documents = [f"{each.name}={each.path}" for each in sources]
    with mock(documents, tmp_path / "mock.log") as upstream:
        async with gateway(settings, tmp_path / "gateway.log") as client:
            await asyncio.gather(*run(AT_ONCE, (publish(client, each, upstream, token) for each in sources)))
            published = time.perf_counter()
            checked = await asyncio.gather(*run(AT_ONCE, (check(client, each) for each in sources)))
    asked = sum(len(each) for each in checked)
    failures = [failure for each in checked for failure in each if failure]
    safe = sum(is_safe(operation) for each in sources for operation in each.slice.operations)
    with capsys.disabled():
        print(  # noqa: T201 - the test's yield
            f"\n{len(sources)} documents compiled in {compiled - started:.0f} s, published in "
            f"{published - compiled:.0f} s; all {safe:,} safe operations but {len(CANNOT_BE_ASKED)} and "
            f"{asked - safe + len(CANNOT_BE_ASKED):,} others asked in {time.perf_counter() - published:.0f} s"
        )
    assert not failures, f"{len(failures)} of {asked}:\n" + "\n".join(failures[:40])
    assert asked > 1_600


def run(at_once: int, work: Iterable[Any]) -> list[Any]:
    """Let so many of the coroutines run at a time."""
    turns = asyncio.Semaphore(at_once)

    async def one(each: Any) -> Any:
        async with turns:
            return await each

    return [one(each) for each in work]


async def publish(client: aiohttp.ClientSession, each: Source, upstream: str, token: str) -> None:
    manifest = {
        "department": "city",
        "access": "public",
        "name": each.name,
        "title": {"zh": each.name, "en": each.name},
        "document": each.entry,
        "upstream": {"url": f"{upstream}/{each.name}", "retries": 0, "timeout_seconds": 60},
    }
    body = msgspec.json.encode({"manifest": manifest, "bundle": each.bundle})
    async with client.post("/publish", data=io.BytesIO(body), headers={"authorization": f"Bearer {token}"}) as response:
        answer = await response.json()
        assert response.status == 200, (each.path, answer)
        assert len(answer["operations"]) == len(each.slice.operations), each.path


async def check(client: aiohttp.ClientSession, each: Source) -> list[str]:
    """Ask a document's operations; what is wrong by operation, "" where all is well."""
    checker = Checker(each)
    others = [operation for operation in each.slice.operations if not is_safe(operation)]
    chosen = [operation for operation in each.slice.operations if is_safe(operation)] + others[::EVERY_OTHER]
    return [
        await _problem(client, checker, checker.question(operation))
        for operation in chosen
        if (each.path.name, operation.source) not in CANNOT_BE_ASKED
    ]


async def _problem(client: aiohttp.ClientSession, checker: Checker, question: Question) -> str:
    where = f"{checker.source.path.name} {question.operation.source}"
    if question.unasked:
        return f"{where}: no arguments {question.unasked} could be made"
    headers = {"content-type": "application/json"}
    async with client.post("/graphql", data=question.body, headers=headers) as response:
        answer = await response.json()
    reply, expected = checker.expected(question)
    if answer.get("errors"):
        return f"{where}: {answer['errors'][0]} (the mock answers {reply.status} {reply.body[:200]!r})"
    if expected.errors:
        return f"{where}: graphql-core finds {expected.errors[0]}, the gateway nothing"
    ours, theirs = (msgspec.json.encode(data, order="deterministic") for data in (answer["data"], expected.data))
    return "" if ours == theirs else f"{where}: the gateway {ours[:300]!r}, graphql-core {theirs[:300]!r}"
