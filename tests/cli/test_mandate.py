"""``yiwang mandate``: what an operator gives who has looked at a document."""

from uuid import UUID

import pytest
from click.testing import Result
from redis.asyncio import Redis

from auth.accounts.accounts import account_by_register
from auth.errors import OneTimeCodeRefusedError, UnknownAccountError
from auth.mandates.errors import MandateRefusedError, UnknownMandateError
from auth.mandates.kinds import Organisation, Person, Principal
from auth.mandates.mandates import acting_for
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from kernel.credit_codes import CreditCodeError
from kernel.crypto.errors import IdNumberError
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.ids import uuid7
from kernel.settings import Settings
from tests.auth.residents import Residents
from tests.cli.operator import Operator

CLOCK = SystemClock()
COMPANY = "91310000MA0000000Y"
CHILD = ("李小满", "310101201906010025")
TERMS = ("--reference", "2026-0113", "--scope", "library", "--purpose", "books", "--days", "30")


class Window:
    """An operator, and what their mandates let agents do."""

    def __init__(self, operator: Operator, database: Database) -> None:
        self.operator = operator
        self._database = database

    async def grant(self, kind: str, whom: str, agent: str, evidence: str, stdin: str = "") -> Result:
        words = ("mandate", "grant", kind, "--for", whom, "--agent", agent, "--evidence", evidence, *TERMS)
        return await self.operator.type(*words, stdin=stdin)

    async def granted(self, kind: str, whom: str, agent: str, evidence: str, stdin: str = "") -> UUID:
        result = await self.grant(kind, whom, agent, evidence, stdin)
        assert result.exit_code == 0, (result.output, result.exception)
        return UUID(result.stdout.split()[1])

    async def rule(self, agent: UUID, principal: Principal) -> str:
        async with self._database.session() as session:
            return (await acting_for(session, agent, principal, "library", "borrow", at=CLOCK.now())).rule


@pytest.fixture
def window(operator: Operator, database: Database) -> Window:
    return Window(operator, database)


@pytest.fixture
async def agent(residents: Residents) -> Session:
    return await residents.sign_in("openid-1")


async def test_a_power_of_attorney_is_given_listed_and_ended(
    window: Window, database: Database, redis: Redis, agent: Session
) -> None:
    code = await ShownCodes(redis, AGENTS).show(agent.sid)
    mandate = await window.granted("company", COMPANY.lower(), code, "power-of-attorney")
    assert await window.rule(agent.account_id, Organisation(COMPANY)) == "mandate.granted"
    for who in (COMPANY, str(agent.account_id)):
        listed = await window.operator.done("mandate", "list", who)
        assert f"{mandate}  company  active" in listed
        assert "by power-of-attorney 2026-0113" in listed
    assert "Ended" in await window.operator.done("mandate", "revoke", str(mandate))
    assert await window.rule(agent.account_id, Organisation(COMPANY)) == "mandate.revoked"
    assert f"{mandate}  company  revoked on" in await window.operator.done("mandate", "list", COMPANY)
    entries = await database.pool.fetch("SELECT action, object, details FROM audit_entry ORDER BY seq")
    assert [each["action"] for each in entries] == ["mandate.granted", "mandate.revoked"]
    assert {each["object"] for each in entries} == {f"mandate:{mandate}"}
    row = await database.pool.fetchrow("SELECT granted_by, revoked_by FROM mandate")
    assert (row["granted_by"], row["revoked_by"]) == (None, None)  # no resident did it


async def test_a_child_without_an_account_is_named_on_standard_input(
    window: Window, database: Database, settings: Settings, agent: Session
) -> None:
    stdin = "\n".join(CHILD)
    for evidence in ("court-order", "birth-certificate"):
        await window.granted("child", "-", str(agent.account_id), evidence, stdin)
    async with database.session() as session:
        child = await account_by_register(session, CLOCK, open_keys(settings), *CHILD)
    assert await window.rule(agent.account_id, Person(child.id)) == "mandate.granted"
    again = await window.granted("child", str(child.id), str(agent.account_id), "court-order")
    listed = await window.operator.done("mandate", "list", str(child.id))
    assert str(again) in listed
    assert not [each for each in CHILD if each in listed]


async def test_an_elder_s_agent_is_given_at_a_window(window: Window, residents: Residents, agent: Session) -> None:
    elder = await residents.sign_in("openid-2")
    await window.granted("elder", str(elder.account_id), str(agent.account_id), "window")
    assert await window.rule(agent.account_id, Person(elder.account_id)) == "mandate.granted"


async def test_what_is_not_to_be_given_is_refused_with_its_reason(
    window: Window, residents: Residents, agent: Session
) -> None:
    who, other = str(agent.account_id), await residents.sign_in("openid-2")
    adult = "王秀英\n110101195003071227"
    for result, error in (
        (await window.grant("company", COMPANY, who, "court-order"), MandateRefusedError),
        (await window.grant("elder", who, who, "window"), MandateRefusedError),
        (await window.grant("child", "-", who, "court-order", adult), MandateRefusedError),
        (await window.grant("child", "-", who, "court-order", "李小满\n310101201906010026"), IdNumberError),
        (await window.grant("company", "91310000MA0000000X", who, "power-of-attorney"), CreditCodeError),
        (await window.grant("elder", str(uuid7()), who, "window"), UnknownAccountError),
        (await window.grant("elder", str(other.account_id), "K7QM2-XW4RT", "window"), OneTimeCodeRefusedError),
        (await window.operator.type("mandate", "revoke", str(uuid7())), UnknownMandateError),
    ):
        assert isinstance(result.exception, error)
    for result in (
        await window.grant("child", "-", who, "court-order", "李小满"),
        await window.grant("child", str(other.account_id), who, "court-order"),
        await window.grant("elder", str(other.account_id), who, "own-consent"),
    ):
        assert result.exit_code == 2
