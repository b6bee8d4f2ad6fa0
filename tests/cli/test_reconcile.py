"""``yiwang reconcile``: fetched from simulated hosts, shown in three forms, closed by a person who is in the log."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis
from sqlmodel import select

from adapters.sandbox.development import APPS, development_apps
from kernel.audit.tables import AuditEntry
from kernel.clock import CHINA, ManualClock, SystemClock
from kernel.database import Database
from kernel.settings import Settings
from tests.adapters.town import open_town
from tests.cli.operator import Operator
from tests.payments.reconciled_town import ReconciledTown


@pytest.fixture
async def books(settings: Settings, database: Database, redis: Redis) -> AsyncIterator[ReconciledTown]:
    """Noon of the day before yesterday, whose bill is made at any hour: commands have the machine's time."""
    day = SystemClock().now().astimezone(CHINA).date() - timedelta(days=2)
    async with open_town(redis, ManualClock(datetime.combine(day, time(12), CHINA))) as town:
        yield ReconciledTown(settings, database, redis, town)


async def test_a_day_is_fetched_shown_and_closed(books: ReconciledTown, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "apps.json"
    file.write_bytes(development_apps(books.town.origin))
    operator = Operator(msgspec.structs.replace(settings, host_apps_file=str(file)))
    _, lost = await books.paid("wechat", 1500, heard=False)
    _, changed = await books.paid("alipay")
    books.fault("alipay", "amount_changed")
    books.clock.advance(SystemClock().now() - books.clock.now())
    day = ("--day", books.day.isoformat())
    said = await operator.done("reconcile", *day)
    assert f"only_channel, applied: payment {lost}, ours nothing, host 15.00" in said
    assert f"amount_diff, open: payment {changed}, ours 8.80, host 8.79" in said
    assert said.count(f"{books.day}  ") == 3
    rows = list(csv.DictReader(io.StringIO(await operator.done("reconcile", *day, "--show", "--format", "csv"))))
    assert {each["number"]: each["state"] for each in rows} == {lost: "applied", changed: "open"}
    (row,) = (each for each in rows if each["state"] == "open")
    assert await operator.done("reconcile", "--close", row["id"], "--note", "given back") == "1 closed.\n"
    shown = await operator.done("reconcile", *day, "--show", "--app", APPS["alipay"], "--format", "json")
    (report,) = msgspec.json.decode(shown)
    assert (report["open"], report["differences"][0]["state"], report["differences"][0]["note"]) == (
        0,
        "closed",
        "given back",
    )
    async with books.database.session() as session:
        (entry,) = (await session.exec(select(AuditEntry).where(AuditEntry.action == "reconciliation.closed"))).all()
    assert entry.object == f"difference:{row['id']}"


async def test_an_unknown_app_is_named(operator: Operator) -> None:
    result = await operator.type("reconcile", "--app", "wx404")
    assert result.exit_code == 2
    assert "no app wx404" in result.output
