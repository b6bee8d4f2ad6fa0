"""``yiwang appointments systems``: what an operator sees of departments' own booking systems."""

from datetime import timedelta

from flows.appointments.tables import BookingSystem
from kernel.clock import SystemClock
from kernel.database import Database
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.cli.operator import Operator


async def test_each_is_shown_with_its_last_error_and_findings(operator: Operator, database: Database) -> None:
    assert await operator.done("appointments", "systems") == ""
    now = SystemClock().now()
    async with database.session() as session:
        await add_department(session, SystemClock(), "health", Text(zh="卫健委", en="Health"))
        one = BookingSystem(code="one", department="health", url="https://one.example", created_at=now)
        one.polled_at, one.synced_at = now - timedelta(seconds=90), now
        one.findings = ["changes/3: Expected `int`"]
        two = BookingSystem(code="two", department="health", url="https://two.example", created_at=now)
        two.failures, two.error = 4, "two.example cannot be reached"
        session.add_all([one, two])
    shown = await operator.done("appointments", "systems")
    for said in (
        "one  health  https://one.example  well  asked ",
        "  finding: changes/3: Expected `int`",
        "two  health  https://two.example  failing, 4 times  asked never  all read due",
        "  error: two.example cannot be reached",
    ):
        assert said in shown
