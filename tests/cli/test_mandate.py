"""``yiwang mandate``: what an operator gives who has looked at a document."""

from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from redis.asyncio import Redis

from auth.accounts.proofing import prove
from auth.accounts.tables import Account
from auth.accounts.unclaimed import account_named, by_document, by_register
from auth.errors import IdNumberClaimedError, NoMatchError, OneTimeCodeRefusedError, UnknownAccountError
from auth.mandates.errors import MandateRefusedError, UnknownMandateError
from auth.mandates.kinds import Organisation, Person, Principal
from auth.mandates.mandates import acting_for
from auth.residents.shown_codes import AGENTS, ShownCodes
from auth.sessions.sessions import live
from auth.sessions.tables import Session
from kernel.clock import SystemClock
from kernel.credit_codes import CreditCodeError
from kernel.crypto.errors import IdNumberError
from kernel.crypto.keys import open_keys
from kernel.database import Database
from kernel.ids import uuid7
from kernel.settings import Settings
from services_catalog.errors import UnknownServiceError
from tests.auth.residents import Residents
from tests.cli.operator import Operator
from tests.gateway.residents.hosts import served_sandbox, with_identity

pytestmark = pytest.mark.usefixtures("library")
CLOCK = SystemClock()
COMPANY = "91310000MA0000000Y"
CHILD = ("李小满", "310101201906010025")
TERMS = ("--reference", "2026-0113", "--scope", "library", "--purpose", "books", "--days", "30")


class Window:
    """An operator, and what their mandates let agents do."""

    def __init__(self, operator: Operator, database: Database) -> None:
        self.operator = operator
        self._database = database

    async def grant(self, kind: str, whom: str, agent: str, evidence: str, stdin: str = "", *options: str) -> Result:
        words = ("mandate", "grant", kind, "--for", whom, "--agent", agent, "--evidence", evidence, *TERMS, *options)
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
        child = await account_named(session, CLOCK, open_keys(settings), by_document(*CHILD))
    assert await window.rule(agent.account_id, Person(child.id)) == "mandate.granted"
    again = await window.granted("child", str(child.id), str(agent.account_id), "court-order")
    listed = await window.operator.done("mandate", "list", str(child.id))
    assert str(again) in listed
    assert not [each for each in CHILD if each in listed]


async def test_without_an_identity_service_a_name_is_compared_with_the_one_that_is_known(
    window: Window, database: Database, agent: Session
) -> None:
    await window.granted("child", "-", str(agent.account_id), "court-order", "\n".join(CHILD))
    row = await database.pool.fetchrow("SELECT ial, proof_source FROM account WHERE id_number IS NOT NULL")
    assert tuple(row) == (1, "window")  # nobody asked a register, and the child was not there
    wrong = await window.grant("child", "-", str(agent.account_id), "court-order", f"李大满\n{CHILD[1]}")
    assert isinstance(wrong.exception, NoMatchError)
    assert await database.pool.fetchval("SELECT count(*) FROM mandate") == 1


async def test_an_identity_service_is_asked_whether_name_and_number_belong_together(
    database: Database, settings: Settings, agent: Session, tmp_path: Path
) -> None:
    async with served_sandbox(tmp_path) as phones:
        window = Window(Operator(with_identity(settings, phones)), database)
        wrong = await window.grant("child", "-", str(agent.account_id), "court-order", f"李大满\n{CHILD[1]}")
        assert isinstance(wrong.exception, NoMatchError)
        assert await database.pool.fetchval("SELECT count(*) FROM account WHERE id_number IS NOT NULL") == 0
        await window.granted("child", "-", str(agent.account_id), "court-order", "\n".join(CHILD))
    row = await database.pool.fetchrow("SELECT ial, proof_source FROM account WHERE id_number IS NOT NULL")
    assert tuple(row) == (2, "platform")


async def test_an_operator_decides_whose_a_number_is_that_somebody_only_typed(
    window: Window, database: Database, residents: Residents, settings: Settings, agent: Session
) -> None:
    claimant, keys = await residents.sign_in("openid-2"), open_keys(settings)
    async with database.session() as session:
        owner = await live(session, CLOCK, claimant.sid)
        await prove(session, CLOCK, keys, owner, by_register(*CHILD))
    terms = ("child", "-", str(agent.account_id), "birth-certificate", "\n".join(CHILD))
    assert isinstance((await window.grant(*terms)).exception, IdNumberClaimedError)
    await window.granted("child", str(claimant.account_id), str(agent.account_id), "birth-certificate")
    taken = await window.grant(*terms, "--take-number")
    assert f"Took the ID number from {claimant.account_id}" in taken.stdout
    async with database.session() as session:
        child = await account_named(session, CLOCK, keys, by_document(*CHILD))
        assert (await session.get_one(Account, claimant.account_id)).ial == 1
    assert await window.rule(agent.account_id, Person(child.id)) == "mandate.granted"
    assert await window.rule(agent.account_id, Person(claimant.account_id)) == "mandate.revoked"
    actions = await database.pool.fetch("SELECT action FROM audit_entry ORDER BY seq")
    assert [each["action"] for each in actions] == ["mandate.granted", "account.number_taken", "mandate.granted"]


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("librery", "No service 'librery' is live. Did you mean library?"),
        ("zoo", "No service 'zoo' is live. There are: library."),
        ("library.borow", "The service 'library' has no operation 'borow'. Did you mean borrow?"),
    ],
)
async def test_what_is_not_offered_is_in_no_mandate(
    window: Window, database: Database, agent: Session, scope: str, said: str
) -> None:
    refused = await window.grant("company", COMPANY, str(agent.account_id), "power-of-attorney", "", "--scope", scope)
    assert isinstance(refused.exception, UnknownServiceError)
    assert refused.exception.said == said
    assert await database.pool.fetchval("SELECT count(*) FROM mandate") == 0
    operation = ("--scope", "library.borrow")
    granted = await window.grant("company", COMPANY, str(agent.account_id), "power-of-attorney", "", *operation)
    assert granted.exit_code == 0, granted.exception


async def test_who_has_no_mandate_is_said_to_have_none(window: Window, agent: Session) -> None:
    for who in (COMPANY, str(agent.account_id)):
        assert f"Nobody acts for {who}" in await window.operator.done("mandate", "list", who)


async def test_a_person_s_agent_is_given_at_a_window(window: Window, residents: Residents, agent: Session) -> None:
    elder = await residents.sign_in("openid-2")
    await window.granted("person", str(elder.account_id), str(agent.account_id), "window")
    assert await window.rule(agent.account_id, Person(elder.account_id)) == "mandate.granted"


async def test_what_is_not_to_be_given_is_refused_with_its_reason(
    window: Window, residents: Residents, agent: Session
) -> None:
    who, other = str(agent.account_id), await residents.sign_in("openid-2")
    adult = "王秀英\n110101195003071227"
    for result, error in (
        (await window.grant("company", COMPANY, who, "court-order"), MandateRefusedError),
        (await window.grant("person", who, who, "window"), MandateRefusedError),
        (await window.grant("child", "-", who, "court-order", adult), MandateRefusedError),
        (await window.grant("child", "-", who, "court-order", "李小满\n310101201906010026"), IdNumberError),
        (await window.grant("company", "91310000MA0000000X", who, "power-of-attorney"), CreditCodeError),
        (await window.grant("person", str(uuid7()), who, "window"), UnknownAccountError),
        (await window.grant("person", str(other.account_id), "K7QM2-XW4RT", "window"), OneTimeCodeRefusedError),
        (await window.operator.type("mandate", "revoke", str(uuid7())), UnknownMandateError),
    ):
        assert isinstance(result.exception, error)
    for result in (
        await window.grant("child", "-", who, "court-order", "李小满"),
        await window.grant("child", str(other.account_id), who, "court-order"),
        await window.grant("person", str(other.account_id), who, "own-consent"),
    ):
        assert result.exit_code == 2
