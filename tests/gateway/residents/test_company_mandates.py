"""A company's legal representative, by the business register, lets others act for it, and a successor ends that."""

import pytest
from msgspec.structs import replace
from sqlmodel import select

from adapters.sandbox import registers
from auth.mandates.tables import Representation
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, sign_in
from tests.gateway.residents.registered import (
    COMPANY,
    FOR_COMPANY,
    REPRESENT,
    REVOKE,
    agent_code,
    for_company,
    mandates,
    proven,
)
from tests.gateway.residents.test_permits import call
from tests.gateway.test_identity import Asked

COMPANIES = "{ me { companies { creditCode name active } } }"


async def expire(city: City) -> None:
    """Have a day pass for what the register has said."""
    async with city.gateway.database.session() as session:
        for row in (await session.exec(select(Representation))).all():
            row.expires_at = SystemClock().now()
            session.add(row)


async def asked_of_register(phones: Phones) -> int:
    return sum(event.what == "identity.representation" for event in phones.sandbox.world.events)


async def test_an_agent_acts_for_a_company_by_its_public_code(city: City, phones: Phones, health: Asked) -> None:
    boss, agent = await proven(city, phones, "zhang"), await sign_in(city, phones, "wang")
    assert await call(health, agent, "file") == ""
    own = health.said()["sub"]
    mandate = await boss.data(FOR_COMPANY, mandate=for_company(agentCode=await agent_code(agent)))
    assert (mandate["kind"], mandate["companyCode"], mandate["childName"]) == ("company", COMPANY.credit_code, None)
    assert await call(health, agent, "file", mandate["id"]) == ""
    said = health.said()
    assert (said["sub"], said["act"]) == (f"organisation:{COMPANY.credit_code}", {"sub": own})
    assert await call(health, agent, "records", mandate["id"]) == ""  # a company's data takes nobody's consent
    assert await call(health, boss, "file", mandate["id"]) == "MANDATE_UNKNOWN"
    assert (await mandates(boss), await mandates(agent)) == (([mandate["id"]], []), ([], [mandate["id"]]))
    assert await boss.data(REVOKE, id=mandate["id"]) == {"active": False}
    assert await call(health, agent, "file", mandate["id"]) == "MANDATE_REFUSED"


async def test_a_representative_acts_for_the_company_themselves(city: City, phones: Phones, health: Asked) -> None:
    boss = await proven(city, phones, "zhang")
    mandate = (await boss.data(FOR_COMPANY, mandate=for_company()))["id"]
    assert await call(health, boss, "file", mandate) == ""
    said = health.said()
    assert said["sub"] == f"organisation:{COMPANY.credit_code}"
    assert await call(health, boss, "file") == ""
    assert said["act"] == {"sub": health.said()["sub"]}
    assert await mandates(boss) == ([mandate], [mandate])


async def test_the_register_is_asked_once_a_day(city: City, phones: Phones) -> None:
    boss = await proven(city, phones, "zhang")
    for _ in range(2):
        await boss.data(FOR_COMPANY, mandate=for_company())
    assert await asked_of_register(phones) == 1
    await expire(city)
    assert (await boss.data(COMPANIES))["companies"] == [
        {"creditCode": COMPANY.credit_code, "name": COMPANY.name, "active": False}
    ]
    await boss.data(FOR_COMPANY, mandate=for_company())
    assert await asked_of_register(phones) == 2
    assert (await boss.data(COMPANIES))["companies"][0]["active"] is True


async def test_a_successor_ends_what_was_given_before_them(
    city: City, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss, successor = await proven(city, phones, "zhang"), await proven(city, phones, "li")
    agent = await sign_in(city, phones, "wang")
    mandate = (await boss.data(FOR_COMPANY, mandate=for_company(agentCode=await agent_code(agent))))["id"]
    assert await successor.code(REPRESENT, code=COMPANY.credit_code) == "REGISTER_NO_MATCH"
    assert await successor.code(REVOKE, id=mandate) == "MANDATE_UNKNOWN"

    monkeypatch.setattr(registers, "COMPANIES", (replace(COMPANY, representative="li"),))  # the register changes
    assert await successor.data(REPRESENT, code=COMPANY.credit_code.lower()) == {
        "creditCode": COMPANY.credit_code,
        "name": COMPANY.name,
        "active": True,
    }
    assert await mandates(successor) == ([mandate], [])
    assert await boss.code(REPRESENT, code=COMPANY.credit_code) == "REGISTER_NO_MATCH"
    assert (await boss.data(COMPANIES))["companies"] == []
    assert await mandates(boss) == ([], [])
    assert await boss.code(REVOKE, id=mandate) == "MANDATE_UNKNOWN"
    assert await successor.data(REVOKE, id=mandate) == {"active": False}


async def test_nobody_else_gives_one(city: City, phones: Phones) -> None:
    low, other = await sign_in(city, phones, "zhang"), await proven(city, phones, "wang")
    assert await low.code(FOR_COMPANY, mandate=for_company()) == "ASSURANCE_TOO_LOW"
    known = await other.ask(FOR_COMPANY, mandate=for_company())
    unknown = await other.ask(FOR_COMPANY, mandate=for_company(creditCode="91350100M000100Y43"))
    assert known["errors"][0]["extensions"]["code"] == "REGISTER_NO_MATCH"
    assert known == unknown
    codes = [await other.code(FOR_COMPANY, mandate=for_company()) for _ in range(3)]
    assert codes == ["REGISTER_NO_MATCH"] * 2 + ["TOO_MANY_ATTEMPTS"]
    assert await other.code(REPRESENT, code="91310000MA0000000X") == "CREDIT_CODE_INVALID"


async def test_what_somebody_represents_is_theirs_to_take_along_and_goes_with_them(city: City, phones: Phones) -> None:
    boss: Resident = await proven(city, phones, "zhang")
    await boss.data(REPRESENT, code=COMPANY.credit_code)
    (taken,) = (await boss.data("{ me { export } }"))["export"]["represents"]
    assert (taken["credit_code"], taken["company_name"]) == (COMPANY.credit_code, COMPANY.name)
    assert "account_id" not in taken
    assert await boss.data("mutation { eraseAccount }") is True
    async with city.gateway.database.session() as session:
        assert (await session.exec(select(Representation))).all() == []
