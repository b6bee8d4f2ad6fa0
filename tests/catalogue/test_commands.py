"""``yiwang entry`` and the entries of ``yiwang publish`` against a gateway on a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from cli.gateway_client import RefusedError
from cli.main import yiwang
from gateway.app import Gateway
from kernel.celery import TaskContext
from kernel.clock import ManualClock, SystemClock
from kernel.database import Database
from kernel.http_server.server import Server
from kernel.settings import Settings
from tests.catalogue.conftest import TREE, City
from tests.publish.gateway_under_test import document, open_to_loopback
from tests.services_catalog.entries.samples import IMPLEMENTATION, IMPLEMENTATION_CODE, ITEM, ITEM_CODE
from tests.services_catalog.exports.validating import defects, graph, violations
from worker.probing import probe

pytestmark = pytest.mark.case("issue-4.3")
MANIFEST = """\
department: city
name: marriage
title: {zh: 婚姻, en: Marriage}
document: openapi.json
upstream: {url: "http://127.0.0.1:9/"}
entries: [entries.yaml]
"""


class Terminal:
    """Runs commands as staff of the city would; ``who`` holds the tokens."""

    def __init__(self, settings: Settings, url: str, folder: Path) -> None:
        self.folder = folder
        self.settings = settings
        self.tokens: dict[str, str] = {}
        self.environment = {
            "YIWANG_DATABASE_URL": settings.database_url,
            "YIWANG_REDIS_URL": settings.redis_url,
            "YIWANG_GATEWAY": url,
        }

    async def run(self, who: str, *arguments: str) -> Result:
        environment = self.environment | {"YIWANG_TOKEN": self.tokens.get(who, "")}
        return await asyncio.to_thread(CliRunner(env=environment).invoke, yiwang, arguments)

    async def succeeds(self, who: str, *arguments: str) -> str:
        result = await self.run(who, *arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    async def hire(self, who: str, role: str = "") -> None:
        issued = await self.run("", "department", "credential", "city")
        self.tokens[who] = issued.stdout.strip()
        if role:
            await self.succeeds("", "role", "grant", self.holder(who), role, "--at", "city")

    def holder(self, who: str) -> str:
        return "credential:" + self.tokens[who].split("_")[1]

    def line(self, name: str, text: str) -> int:
        return (self.folder / name).read_text().splitlines().index(text) + 1

    def write(self, name: str, *samples: dict[str, Any]) -> str:
        file = self.folder / name
        file.write_text(yaml.safe_dump_all(deepcopy(samples), allow_unicode=True, sort_keys=False))
        return str(file)


@pytest.fixture
async def terminal(settings: Settings, database: Database, tmp_path: Path) -> AsyncIterator[Terminal]:
    await City(database).found(TREE)
    opened = open_to_loopback(settings)
    gateway = Gateway(opened)
    listening = socket.create_server(("127.0.0.1", 0))
    async with gateway.running():
        server = Server(gateway)
        await server.open(listening)
        terminal = Terminal(opened, f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path)
        await terminal.succeeds(
            "", "department", "add", "city", "--title-zh", "市", "--title-en", "City", "--organisation", "city"
        )
        await terminal.hire("editor", "editor")
        await terminal.hire("reviewer", "reviewer")
        yield terminal
        await server.stop(1.0)


async def test_the_journey_of_an_entry(terminal: Terminal) -> None:
    file = terminal.write("item.yaml", ITEM)
    assert f"{ITEM_CODE}: fit to be submitted" in await terminal.succeeds("editor", "entry", "check", file)
    assert "No entry" in await terminal.succeeds("editor", "entry", "list")
    assert f"{ITEM_CODE}: version 1 is draft" in await terminal.succeeds("editor", "entry", "draft", file)
    said = await terminal.succeeds("editor", "entry", "submit", ITEM_CODE)
    assert f"waits for review by {terminal.holder('reviewer')} (reviewer at city)" in said
    assert ITEM_CODE in await terminal.succeeds("reviewer", "entry", "inbox")
    assert "Nothing waits" in await terminal.succeeds("editor", "entry", "inbox")
    wrong = await terminal.run("reviewer", "entry", "reject", ITEM_CODE, "--field", "fee")
    assert wrong.exit_code == 2
    said = await terminal.succeeds("reviewer", "entry", "reject", ITEM_CODE, "--field", "fee=缺依据")
    assert "is rejected" in said
    assert "    fee: 缺依据" in await terminal.succeeds("editor", "entry", "history", ITEM_CODE)
    await terminal.succeeds("editor", "entry", "draft", file)
    await terminal.succeeds("editor", "entry", "submit", ITEM_CODE)
    await terminal.succeeds("editor", "entry", "recall", ITEM_CODE)
    await terminal.succeeds("editor", "entry", "submit", ITEM_CODE)
    await terminal.succeeds("reviewer", "entry", "take", ITEM_CODE)
    await terminal.succeeds("reviewer", "entry", "approve", ITEM_CODE, "--reason", "齐全")
    said = await terminal.succeeds("reviewer", "entry", "schedule", ITEM_CODE, "--at", "2099-07-01 08:00")
    assert "is scheduled for 20" in said
    assert "is published" in await terminal.succeeds("reviewer", "entry", "publish", ITEM_CODE)
    assert "is suspended" in await terminal.succeeds("reviewer", "entry", "suspend", ITEM_CODE, "--reason", "调整")
    assert "is published" in await terminal.succeeds("reviewer", "entry", "resume", ITEM_CODE)
    assert "is published" in await terminal.succeeds("editor", "entry", "draft", file)
    shown = await terminal.succeeds("editor", "entry", "show", ITEM_CODE)
    assert "  live: version 1, published" in shown
    assert f"from {ITEM_CODE} by {terminal.holder('editor')}" in shown
    assert "live: v1 published" in await terminal.succeeds("editor", "entry", "list", "--state", "published")
    assert "Nothing below" in await terminal.succeeds("editor", "entry", "drift", ITEM_CODE)
    assert "The chain of hashes holds." in await terminal.succeeds("editor", "entry", "history", ITEM_CODE)
    assert json.loads(await terminal.succeeds("editor", "entry", "show", ITEM_CODE, "--json"))["live"]["number"] == 1
    assert "is withdrawn" in await terminal.succeeds("reviewer", "entry", "withdraw", ITEM_CODE, "--reason", "撤销")


async def test_findings_have_lines_and_a_check_fails_by_its_exit_code(terminal: Terminal) -> None:
    bad = deepcopy(ITEM)
    bad["fields"]["fee"] = {"charged": True, "items": [{"id": "a", "name": {"zh": "甲"}}]}
    file = terminal.write("item.yaml", {**IMPLEMENTATION, "parent": ITEM_CODE}, bad)
    found = await terminal.run("editor", "entry", "check", file)
    assert found.exit_code == 1
    line = terminal.line("item.yaml", "    - id: a")
    assert f"{file}:{line}: error E06-fees /fee/items/0: nobody can tell how high the fee 甲 is" in found.output
    assert "error E24-operations /binding/operations/0: the graph has no query marriage.offices" in found.output
    bad["fields"]["audience"] = ["person", "robot"]
    file = terminal.write("item.yaml", IMPLEMENTATION, bad)
    line = terminal.line("item.yaml", "  - robot")
    found = await terminal.run("editor", "entry", "check", file)
    assert found.exit_code == 1
    assert f"{file}:{line}: /fields/audience/1:" in found.output
    assert json.loads(
        await terminal.succeeds("editor", "entry", "check", terminal.write("good.yaml", ITEM), "--json")
    ) == [{"code": ITEM_CODE}]


async def test_who_has_no_role_is_told_so(terminal: Terminal) -> None:
    await terminal.hire("nobody")
    refused = await terminal.run("nobody", "entry", "draft", terminal.write("item.yaml", ITEM))
    assert isinstance(refused.exception, RefusedError)
    assert "ROLE_MISSING: You have no role to edit entries of city" in refused.exception.message


async def _publish(terminal: Terminal, *options: str) -> Result:
    (terminal.folder / "openapi.json").write_text(json.dumps(document("free", operations=("offices",))))
    (terminal.folder / "service.yaml").write_text(MANIFEST)
    return await terminal.run("editor", "publish", str(terminal.folder / "service.yaml"), *options)


async def test_one_command_publishes_api_and_entries(terminal: Terminal) -> None:
    file = terminal.write("entries.yaml", IMPLEMENTATION, ITEM)
    rehearsed = await _publish(terminal, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert f"{IMPLEMENTATION_CODE}: fit to be submitted" in rehearsed.output
    assert "No entry" in await terminal.succeeds("editor", "entry", "list")
    first = await _publish(terminal)
    assert first.exit_code == 0, first.output
    assert f"{ITEM_CODE}: version 1 is checked" in first.output
    assert f"waits for review by {terminal.holder('reviewer')}" in first.output
    assert f"{IMPLEMENTATION_CODE}: version 1 is a draft: {ITEM_CODE}, which it belongs to" in first.output
    for step in ("approve", "publish"):
        await terminal.succeeds("reviewer", "entry", step, ITEM_CODE)
    second = await _publish(terminal)
    assert "nothing has changed; version 1 stays live" in second.output
    assert f"{ITEM_CODE}: nothing has changed; version 1 is published" in second.output
    assert f"{IMPLEMENTATION_CODE}: version 1 is checked" in second.output
    broken = deepcopy(ITEM)
    del broken["fields"]["on_site_reason"]
    terminal.write("entries.yaml", IMPLEMENTATION, broken)
    for options in ((), ("--dry-run",)):
        refused = await _publish(terminal, *options)
        assert refused.exit_code == 1
        assert f"{file}:" in refused.output
        assert "error E13-visits /on_site_reason" in refused.output
    checked = await terminal.run("editor", "check", str(terminal.folder / "service.yaml"))
    assert (checked.exit_code, "error E13-visits /on_site_reason" in checked.output) == (1, True)
    checked = await terminal.run("editor", "check", str(terminal.folder / "service.yaml"), "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["fit"]) == (1, False)


async def test_a_broken_entry_keeps_everything_on_the_machine(terminal: Terminal) -> None:
    terminal.write("entries.yaml", {**ITEM, "colour": "red"})
    refused = await _publish(terminal)
    assert refused.exit_code == 1
    assert "/colour: the key 'colour' is unknown" in refused.output
    assert len((await terminal.succeeds("", "services")).splitlines()) == 1
    (terminal.folder / "entries.yaml").unlink()
    assert "cannot be read" in (await _publish(terminal)).output


@pytest.mark.parametrize("form", ["json", "yaml", "csv"])
async def test_an_export_that_is_imported_changes_nothing(terminal: Terminal, form: str) -> None:
    fields = IMPLEMENTATION["fields"] | {"binding": {"window_only": True}, "summary": {"zh": "1e3\n第二行"}}
    odd = IMPLEMENTATION | {"fields": fields, "because": {"summary": "0x1f"}}
    file = terminal.write("all.yaml", odd, ITEM)
    assert "1 drafted, 1 drafted with errors" in (await terminal.run("editor", "entry", "import", file)).output
    exported = terminal.folder / f"exported.{form}"
    exported.write_text(await terminal.succeeds("editor", "entry", "export", "--format", form))
    assert "2 unchanged" in (await terminal.run("editor", "entry", "import", str(exported))).output
    rehearsed = await terminal.succeeds("editor", "entry", "import", str(exported), "--dry-run")
    assert rehearsed.count("says nothing new") == 2
    assert (
        "1 submitted, 1 drafted with errors"
        in (await terminal.run("editor", "entry", "import", str(exported), "--submit")).output
    )


async def test_staff_and_everybody_read_whether_it_works(terminal: Terminal, database: Database, redis: Redis) -> None:
    assert "city  no checks" not in await terminal.succeeds("", "conformity")
    terminal.write("entries.yaml", IMPLEMENTATION, ITEM)
    await _publish(terminal)
    for code in (ITEM_CODE, IMPLEMENTATION_CODE):
        if code == IMPLEMENTATION_CODE:
            await terminal.succeeds("editor", "entry", "submit", code)
        for step in ("approve", "publish"):
            await terminal.succeeds("reviewer", "entry", step, code)
    assert "it has no operation marked `safe`" in await terminal.succeeds("editor", "entry", "probes", ITEM_CODE)
    assert "No notices" in await terminal.succeeds("editor", "entry", "notices")
    assert "city  no checks" in await terminal.succeeds("", "conformity")
    clock = ManualClock(SystemClock().now())
    context = TaskContext(terminal.settings, database, redis, clock)
    for _ in range(4):  # nobody listens at the upstream
        await probe(context)
        clock.advance(timedelta(seconds=6))
    seen = await terminal.run("editor", "entry", "probes", IMPLEMENTATION_CODE)
    assert seen.exit_code == 1
    assert "query marriage.offices  DOWN since " in seen.output
    assert "127.0.0.1:9 cannot be reached" in seen.output
    assert f"{IMPLEMENTATION_CODE} of east-civil-affairs degraded: query marriage.offices: 127.0.0.1:9 cannot" in (
        await terminal.succeeds("editor", "entry", "notices")
    )
    assert "city    0.0 % of 3 checks, 3 failed" in await terminal.succeeds("", "conformity")
    shown = json.loads(await terminal.succeeds("editor", "entry", "show", IMPLEMENTATION_CODE, "--json"))
    assert (shown["live"]["state"], shown["live"]["because"]) == ("degraded", "query marriage.offices does not work")
    refused = await terminal.run("editor", "entry", "notices", "--after", "99999999999999999999")
    assert "this is no number of a notice" in str(refused.exception)


async def test_what_is_public_is_exported_in_the_standards_forms_without_a_credential(terminal: Terminal) -> None:
    wrong = await terminal.run("", "entry", "export", "--as", "hsds", "--state", "draft")
    assert wrong.exit_code == 2
    assert "Missing option '--token'" in (await terminal.run("", "entry", "export")).output
    fields = IMPLEMENTATION["fields"] | {"binding": {"page": "https://marriage.example.gov.cn/book"}}
    for sample in (ITEM, IMPLEMENTATION | {"fields": fields}):
        await terminal.succeeds("editor", "entry", "draft", terminal.write("entry.yaml", sample))
        assert await terminal.succeeds("", "entry", "export", "--as", "hsds") == ""  # a draft is not public
        for who, step in (("editor", "submit"), ("reviewer", "approve"), ("reviewer", "publish")):
            await terminal.succeeds(who, "entry", step, sample["code"])
    (line,) = (await terminal.succeeds("", "entry", "export", "--as", "hsds", "--language", "en")).splitlines()
    assert defects("service", json.loads(line)) == []
    assert json.loads(line)["name"] == "Marriage registration of mainland residents"
    tables = terminal.folder / "tables"
    said = await terminal.succeeds("", "entry", "export", "--as", "hsds", "--tables", str(tables))
    assert said == f"1 services are written to {tables}.\n"
    assert "内地居民婚姻登记" in (tables / "services.csv").read_text()
    for standard in ((), ("--as", "cpsv-ap")):
        assert (await terminal.run("", "entry", "export", *standard, "--tables", str(tables))).exit_code == 2
    assert violations(graph(await terminal.succeeds("", "entry", "export", "--as", "cpsv-ap"))) == []
