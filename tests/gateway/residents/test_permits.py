"""Acting for somebody else and consent, at the departments' own operations: each call asks anew."""

from datetime import timedelta
from typing import Any

import pytest

from auth.assertions import HEADER
from kernel.clock import SystemClock
from tests.gateway.conftest import City, get
from tests.gateway.residents.conftest import OPERATIONS, PATHS
from tests.gateway.residents.hosts import Phones, Resident, prove_face, sign_in
from tests.gateway.test_identity import TEXT, YES, Asked

GRANT = "mutation ($mandate: MandateInput!) { grantMandate(mandate: $mandate) { id kind scope active } }"
AGREE = """mutation ($version: Int!) {
  agree(client: "health", purposes: [{id: "health-records", version: $version}])
}"""
WITHDRAW = 'mutation { withdraw(purpose: "health-records", client: "health") }'


async def call(health: Asked, who: Resident, operation: str, mandate: str = "") -> str:
    """Return the error's code, empty if the department has answered."""
    header = who.header | ({b"yiwang-acting-for": mandate.encode()} if mandate else {})
    result = await health.ask(operation, header, "health")
    return result["errors"][0]["extensions"]["code"] if "errors" in result else ""


async def granted(principal: Resident, agent: Resident, **changed: Any) -> dict[str, Any]:
    shown = await agent.data("mutation { agentCode { code } }")
    mandate = {
        "agentCode": shown["code"],
        "scope": ["health.file"],
        "purpose": "appointments",
        "expiresAt": (SystemClock().now() + timedelta(days=30)).isoformat(),
    } | changed
    return await principal.ask(GRANT, mandate=mandate)


async def test_consent_is_asked_before_each_call_and_its_withdrawal_holds_from_the_next(
    city: City, phones: Phones, health: Asked
) -> None:
    who = await sign_in(city, phones, "wang")
    assert await call(health, who, "records") == "CONSENT_NEEDED"
    assert health.calls == []
    assert await who.code(AGREE, version=2) == "PURPOSE_UNKNOWN"
    assert await who.data(AGREE, version=1) is True
    assert await call(health, who, "records") == ""
    assert health.said()["purpose"] == "treatment"
    assert await who.data(WITHDRAW) is True
    assert await call(health, who, "records") == "CONSENT_NEEDED"
    assert len(health.calls) == 1
    assert await who.data(WITHDRAW) is False
    acts = [each["act"] for each in (await who.data("{ me { consents { act client } } }"))["consents"]]
    assert acts == ["given", "withdrawn"]
    rows = await city.gateway.database.pool.fetch("SELECT * FROM audit_entry WHERE action ~ '^consent' ORDER BY seq")
    assert [each["action"] for each in rows][:2] == ["consent.given", "consent.withdrawn"]
    assert {(each["object"], each["purpose"]) for each in rows} == {("client:health", "health-records")}
    assert await who.code('mutation { withdraw(purpose: "my health") }') == "PURPOSE_UNKNOWN"


async def test_our_own_app_needs_no_scope_and_its_refreshed_token_neither(
    city: City, phones: Phones, health: Asked
) -> None:
    scoped = {"file": {"access": {"level": "L1", "scope": "health"}}}
    await city.publish("health", PATHS, health.department, access="L1", operations=scoped)
    who = await sign_in(city, phones, "wang")
    assert await call(health, who, "file") == ""
    refresh = "mutation ($app: String!, $token: String!) { refresh(app: $app, token: $token) { accessToken } }"
    who.given |= await who.data(refresh, app=who.app, token=who.given["refreshToken"])
    assert await call(health, who, "file") == ""


async def test_what_rests_on_a_law_is_told_once_and_not_asked_for(city: City, phones: Phones, health: Asked) -> None:
    lawful = {"file": {"access": {"level": "L1", "consent": "vaccination-register"}}}
    await city.publish("health", PATHS, health.department, access="L1", operations=OPERATIONS | lawful)
    who = await sign_in(city, phones, "wang")
    notices = "query ($client: String!) { me { notices(client: $client) { told purpose { id version } } } }"
    untold = [{"told": False, "purpose": {"id": "vaccination-register", "version": 1}}]
    assert (await who.data(notices, client="health"))["notices"] == untold
    assert await call(health, who, "file") == ""
    asks = 'mutation { %s(client: "health", purposes: [{id: "%s", version: 1}]) }'
    assert await who.code(asks % ("agree", "vaccination-register")) == "CONSENT_REFUSED"
    assert await who.code(asks % ("acknowledge", "health-records")) == "CONSENT_REFUSED"
    for _ in range(2):
        assert await who.data(asks % ("acknowledge", "vaccination-register")) is True
    assert [each["told"] for each in (await who.data(notices, client="health"))["notices"]] == [True]
    assert (await who.data("{ me { consents { act client } } }"))["consents"] == [
        {"act": "informed", "client": "health"}
    ]
    assert (
        await who.code('mutation { withdraw(client: "health", purpose: "vaccination-register") }') == "CONSENT_REFUSED"
    )
    own = (await who.data(notices, client="yiwang"))["notices"]
    assert [each["purpose"]["id"] for each in own] == ["sign-in", "security-records"]
    assert await who.code('{ me { notices(client: "nobody") { told } } }') == "APP_UNKNOWN"


async def test_consent_is_one_resident_s_and_one_service_s(city: City, phones: Phones, health: Asked) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await one.data(AGREE, version=1)
    assert await call(health, two, "records") == "CONSENT_NEEDED"
    await city.publish("clinic", PATHS, health.department, access="L1", operations=OPERATIONS)
    result = await health.ask("records", one.header, "clinic")
    assert result["errors"][0]["extensions"]["code"] == "CONSENT_NEEDED"
    assert await one.code('mutation { agree(client: "nobody", purposes: []) }') == "APP_UNKNOWN"


async def test_an_agent_acts_for_the_principal_within_the_mandate_until_either_ends_it(
    city: City, phones: Phones, health: Asked
) -> None:
    principal, agent = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    assert await call(health, principal, "file") == ""
    own = health.said()["sub"]
    assert await call(health, agent, "file") == ""
    agents = health.said()["sub"]
    assert (await granted(principal, agent))["errors"][0]["extensions"]["code"] == "ASSURANCE_TOO_LOW"
    await prove_face(phones, principal, "wang")
    result = await granted(principal, agent)
    mandate = result["data"]["grantMandate"]
    assert mandate == {"id": mandate["id"], "kind": "person", "scope": ["health.file"], "active": True}

    assert await call(health, agent, "file", mandate["id"]) == ""
    said = health.said()
    assert (said["sub"], said["act"]) == (own, {"sub": agents})
    assert await call(health, agent, "file") == ""
    assert health.said()["sub"] == agents
    assert "act" not in health.said()
    assert await call(health, agent, "records", mandate["id"]) == "MANDATE_REFUSED"

    assert (await agent.data("{ me { mandatesReceived { id } mandatesGiven { id } } }")) == {
        "mandatesReceived": [{"id": mandate["id"]}],
        "mandatesGiven": [],
    }
    ended = await principal.data("mutation ($id: ID!) { revokeMandate(id: $id) { active } }", id=mandate["id"])
    assert ended == {"active": False}
    calls = len(health.calls)
    assert await call(health, agent, "file", mandate["id"]) == "MANDATE_REFUSED"
    assert len(health.calls) == calls


async def test_a_department_s_changes_and_the_platform_s_are_not_mixed(city: City, phones: Phones) -> None:
    department = await city.department(lambda _: [YES])
    pay = {"post": get(TEXT, operationId="pay")["get"]}
    await city.publish("till", {"/pay": pay}, department, access="public")
    who = await sign_in(city, phones, "wang")
    assert await who.code("mutation { signOut till { pay } }") == "OPERATION_TOO_LARGE"
    assert department.heads == []
    assert await who.data("mutation { till { pay } }") == {"pay": "yes"}
    assert await who.data("mutation { signOut }") is True


async def test_a_mandate_is_its_agent_s_alone(city: City, phones: Phones, health: Asked) -> None:
    principal, agent, third = [await sign_in(city, phones, each) for each in ("wang", "li", "zhang")]
    await prove_face(phones, principal, "wang")
    mandate = (await granted(principal, agent))["data"]["grantMandate"]["id"]
    for who in (third, principal):
        assert await call(health, who, "file", mandate) == "MANDATE_UNKNOWN"
    assert await call(health, agent, "file", "made up") == "MANDATE_UNKNOWN"
    assert (
        await third.code("mutation ($id: ID!) { revokeMandate(id: $id) { active } }", id=mandate) == "MANDATE_UNKNOWN"
    )
    assert health.calls == []
    me = "{ me { mandatesReceived { id } } }"
    assert (await agent.ask(me, {b"yiwang-acting-for": mandate.encode()}))["data"]["me"]["mandatesReceived"]


async def test_a_public_operation_tells_nobody_who_asks_so_no_mandate_is_looked_at(
    city: City, phones: Phones, health: Asked
) -> None:
    await city.publish("health", PATHS, health.department, access="public")
    who = await sign_in(city, phones, "li")
    assert await call(health, who, "file", "made up") == ""
    assert HEADER not in health.calls[-1]


async def test_what_somebody_s_agent_reads_takes_their_own_consent(city: City, phones: Phones, health: Asked) -> None:
    principal, agent = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await prove_face(phones, principal, "wang")
    mandate = (await granted(principal, agent, scope=["health"]))["data"]["grantMandate"]["id"]
    await agent.data(AGREE, version=1)
    assert await call(health, agent, "records", mandate) == "CONSENT_NEEDED"
    await principal.data(AGREE, version=1)
    assert await call(health, agent, "records", mandate) == ""


@pytest.mark.parametrize(
    "changed",
    [{"scope": []}, {"scope": ["*"]}, {"purpose": " "}, {"expiresAt": "2020-01-01T00:00:00Z"}],
)
async def test_mandates_are_narrow_and_end(city: City, phones: Phones, changed: dict[str, Any]) -> None:
    principal, agent = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await prove_face(phones, principal, "wang")
    result = await granted(principal, agent, **changed)
    assert result["errors"][0]["extensions"]["code"] == "MANDATE_REFUSED"
