"""Guardians act for children whom the household register has as theirs, and for nobody else."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from sqlmodel import col, select

from adapters.sandbox.world import Child
from auth.accounts.tables import Account, Identity
from auth.consents.ledger import Between, give, history
from auth.mandates.tables import Mandate
from kernel.audit.tables import AuditEntry
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.conftest import PURPOSE
from tests.gateway.residents.hosts import Phones, Resident, agree, prove_face, sign_in
from tests.gateway.residents.registered import (
    CHILD,
    CHILD_WITH_A_PHONE,
    FOR_CHILD,
    REVOKE,
    for_child,
    mandates,
    proven,
)
from tests.gateway.residents.test_permits import call, granted
from tests.gateway.residents.test_proofs import PROVE
from tests.gateway.test_identity import Asked

AGREE_FOR = """mutation ($mandate: ID) {
  agree(client: "health", purposes: [{id: "health-records", version: 1}], mandate: $mandate)
}"""
WITHDRAW_FOR = """mutation ($mandate: ID) {
  withdraw(purpose: "health-records", client: "health", mandate: $mandate)
}"""


async def consents_of(city: City, mandate: str) -> list[tuple[str, UUID | None]]:
    async with city.gateway.database.session() as session:
        return [(each.act, each.mandate_id) for each in await history(session, (await child_of(city, mandate)).id)]


async def child_of(city: City, mandate: str) -> Account:
    async with city.gateway.database.session() as session:
        row = await session.get_one(Mandate, UUID(mandate))
        assert (row.evidence_source, row.evidence_reference[:10]) == ("household-register", "household-")
        return await session.get_one(Account, row.principal_account)


async def test_a_guardian_acts_for_a_child_that_was_never_here(city: City, phones: Phones, health: Asked) -> None:
    guardian = await proven(city, phones, "li")
    assert await call(health, guardian, "file") == ""
    own = health.said()["sub"]
    mandate = await guardian.data(FOR_CHILD, mandate=for_child())
    assert (mandate["kind"], mandate["childName"], mandate["companyCode"]) == ("child", "**满", None)
    assert await call(health, guardian, "file", mandate["id"]) == ""
    said = health.said()
    assert said["act"] == {"sub": own}
    assert said["sub"] != own
    assert await mandates(guardian) == ([], [mandate["id"]])
    account = await child_of(city, mandate["id"])
    async with city.gateway.database.session() as session:
        assert (await session.exec(select(Identity).where(Identity.account_id == account.id))).all() == []
        entry = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq).desc()))).first()
    assert account.ial == 2
    assert entry is not None
    assert (entry.action, entry.object) == ("mandate.granted", f"mandate:{mandate['id']}")
    assert await guardian.data(REVOKE, id=mandate["id"]) == {"active": False}
    assert await call(health, guardian, "file", mandate["id"]) == "MANDATE_REFUSED"


async def test_two_mandates_are_for_one_account_also_at_the_same_time(city: City, phones: Phones) -> None:
    guardian = await proven(city, phones, "li")
    made = await asyncio.gather(*(guardian.data(FOR_CHILD, mandate=for_child()) for _ in range(3)))
    assert len({(await child_of(city, each["id"])).id for each in made}) == 1


async def test_a_child_with_a_phone_sees_it_and_can_end_it(city: City, phones: Phones) -> None:
    child, guardian = await proven(city, phones, "chen"), await proven(city, phones, "zhang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    assert await mandates(child) == ([mandate], [])
    assert await child.data(REVOKE, id=mandate) == {"active": False}


async def test_a_child_that_signs_in_later_comes_into_the_account_that_waited_for_it(
    city: City, phones: Phones, health: Asked
) -> None:
    """The department knows the child by the name that it had while only its guardian acted for it."""
    guardian = await proven(city, phones, "zhang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    assert await call(health, guardian, "file", mandate) == ""
    known_by = health.said()["sub"]
    child = await sign_in(city, phones, "chen")
    await agree(child, "real-name")
    assert (
        await child.code(PROVE, **phones.person("chen")) == "STRONGER_PROOF_NEEDED"
    )  # whoever knows the number may be anybody
    result = await prove_face(phones, child, "chen")
    assert result["data"]["finishFaceCheck"]["signedIn"]["session"]["level"] == "L3"
    assert await call(health, child, "file") == ""
    assert health.said()["sub"] == known_by
    assert await mandates(child) == ([mandate], [])
    assert await call(health, guardian, "file", mandate) == ""
    assert health.said()["sub"] == known_by
    assert (await child.data("{ me { assurance { level identity } } }"))["assurance"] == {"level": "L3", "identity": 3}
    again = await sign_in(city, phones, "chen")
    assert (await again.data("{ me { assurance { level identity } } }"))["assurance"]["identity"] == 3


async def typed_in(city: City, phones: Phones, resident: str, name_of: str) -> Resident:
    """Sign a resident in who types somebody's name and ID number, which the register knows."""
    who = await sign_in(city, phones, resident)
    await agree(who, "real-name")
    await who.data(PROVE, **phones.person(name_of))
    return who


async def test_nobody_acts_for_whoever_only_typed_a_child_s_number(city: City, phones: Phones) -> None:
    stranger, guardian = await typed_in(city, phones, "wang", "chen"), await proven(city, phones, "zhang")
    assert await guardian.code(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)) == "ID_NUMBER_CLAIMED"
    assert await mandates(stranger) == ([], [])
    child = await proven(city, phones, "chen")  # whose face outweighs the stranger's claim
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    assert await mandates(child) == ([mandate], [])
    again = await sign_in(city, phones, "wang")
    assert await mandates(again) == ([], [])


async def test_a_child_s_own_account_stays_as_it_is_until_it_shows_its_face(city: City, phones: Phones) -> None:
    child, guardian = await typed_in(city, phones, "chen", "chen"), await proven(city, phones, "zhang")
    assert await guardian.code(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)) == "ID_NUMBER_CLAIMED"
    assert (await child.data("{ me { assurance { level identity } } }"))["assurance"] == {"level": "L2", "identity": 2}
    await prove_face(phones, child, "chen")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    assert await mandates(child) == ([mandate], [])


async def test_a_guardian_consents_in_the_child_s_place(city: City, phones: Phones, health: Asked) -> None:
    guardian, other = await proven(city, phones, "li"), await sign_in(city, phones, "wang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(scope=["health.records"])))["id"]
    assert await guardian.data(AGREE_FOR) is True  # for themselves, which says nothing about the child
    assert await call(health, guardian, "records", mandate) == "CONSENT_NEEDED"
    assert await guardian.data(AGREE_FOR, mandate=mandate) is True
    assert await call(health, guardian, "records", mandate) == ""
    assert await other.code(AGREE_FOR, mandate=mandate) == "MANDATE_UNKNOWN"
    assert await consents_of(city, mandate) == [("given", UUID(mandate))]
    entry = await city.gateway.database.pool.fetchrow("SELECT * FROM audit_entry ORDER BY seq DESC LIMIT 1")
    assert (entry["action"], entry["object"], entry["purpose"]) == ("consent.given", "client:health", "health-records")
    assert msgspec.json.decode(entry["details"]) == {"mandate": mandate}
    file_alone = (await guardian.data(FOR_CHILD, mandate=for_child(scope=["health.file"])))["id"]
    assert await guardian.code(AGREE_FOR, mandate=file_alone) == "MANDATE_REFUSED"  # which asks for no consent
    elsewhere = (await guardian.data(FOR_CHILD, mandate=for_child(scope=["library"])))["id"]
    assert await guardian.code(AGREE_FOR, mandate=elsewhere) == "MANDATE_REFUSED"
    assert await guardian.data(WITHDRAW_FOR, mandate=mandate) is True
    assert await call(health, guardian, "records", mandate) == "CONSENT_NEEDED"
    assert await call(health, guardian, "records") == ""
    elders = (await granted(guardian, other, scope=["health"]))["data"]["grantMandate"]["id"]
    assert await other.code(AGREE_FOR, mandate=elders) == "MANDATE_REFUSED"  # an adult agrees themselves


async def test_consent_for_a_child_takes_the_guardian_s_second_factor_and_its_withdrawal_does_not(
    city: City, phones: Phones, health: Asked
) -> None:
    guardian = await proven(city, phones, "li")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(scope=["health.records"])))["id"]
    again = await sign_in(city, phones, "li")
    (error,) = (await again.ask(AGREE_FOR, mandate=mandate))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["acr_values"]) == ("ASSURANCE_TOO_LOW", "L3")
    assert await consents_of(city, mandate) == []
    assert await guardian.data(AGREE_FOR, mandate=mandate) is True
    assert await again.data(WITHDRAW_FOR, mandate=mandate) is True


async def test_agreeing_to_nothing_is_no_consent(city: City, phones: Phones, health: Asked) -> None:
    guardian, other = await proven(city, phones, "li"), await sign_in(city, phones, "wang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child()))["id"]
    nothing = 'mutation ($mandate: ID) { agree(client: "health", purposes: [], mandate: $mandate) }'
    before = await city.gateway.database.pool.fetchval("SELECT count(*) FROM audit_entry")
    assert await other.code(nothing, mandate=mandate) == "MANDATE_UNKNOWN"
    assert await guardian.code(nothing, mandate=mandate) == "CONSENT_REFUSED"
    assert await guardian.code(nothing) == "CONSENT_REFUSED"
    assert await city.gateway.database.pool.fetchval("SELECT count(*) FROM audit_entry") == before


async def test_a_child_of_fourteen_agrees_themself_and_sees_what_a_guardian_said_before(
    city: City, phones: Phones, health: Asked
) -> None:
    child, guardian = await proven(city, phones, "chen"), await proven(city, phones, "zhang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    for query in (AGREE_FOR, WITHDRAW_FOR):
        (error,) = (await guardian.ask(query, mandate=mandate))["errors"]
        assert "From 14 years on" in error["message"]
    async with city.gateway.database.session() as session:
        earlier = Between((await child_of(city, mandate)).id, "health", UUID(mandate))
        await give(session, SystemClock(), earlier, [PURPOSE])
    shown = await child.data("{ me { consents { client mandate } export } }")
    assert {"client": "health", "mandate": mandate} in shown["consents"]
    assert mandate in {each["mandate_id"] for each in shown["export"]["consents"]}
    assert await child.data(WITHDRAW_FOR) is True


async def test_a_refusal_does_not_tell_an_unknown_child_from_another_s(city: City, phones: Phones) -> None:
    who = await proven(city, phones, "wang")
    unknown = Child("李小满", "310101201809080048", "")
    results = [await who.ask(FOR_CHILD, mandate=for_child(each)) for each in (CHILD, CHILD_WITH_A_PHONE, unknown)]
    said = [msgspec.json.encode(each["errors"][0]) for each in results]
    assert b"REGISTER_NO_MATCH" in said[0]
    assert len(set(said)) == 1
    async with city.gateway.database.session() as session:
        assert len((await session.exec(select(Account))).all()) == 1


async def test_names_of_children_are_not_tried_out(city: City, phones: Phones) -> None:
    who = await proven(city, phones, "wang")
    codes = [await who.code(FOR_CHILD, mandate=for_child()) for _ in range(5)]  # the face check was the first try
    assert codes == ["REGISTER_NO_MATCH"] * 4 + ["TOO_MANY_ATTEMPTS"]


async def test_what_is_not_given_leaves_no_account_behind(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "li")
    assert await who.code(FOR_CHILD, mandate=for_child()) == "ASSURANCE_TOO_LOW"
    await prove_face(phones, who, "li")
    assert await who.code(FOR_CHILD, mandate=for_child()) == "CONSENT_NEEDED"
    await agree(who, "real-name")
    late = (SystemClock().now() + timedelta(days=93)).isoformat()
    refused = {
        "MANDATE_REFUSED": [for_child(scope=[]), for_child(expiresAt=late)],
        "ID_NUMBER_INVALID": [for_child(idNumber="310101201906010026")],
        "ARGUMENT_REFUSED": [for_child(name=" ")],
    }
    for code, given in refused.items():
        for each in given:
            assert await who.code(FOR_CHILD, mandate=each) == code
    async with city.gateway.database.session() as session:
        assert len((await session.exec(select(Account))).all()) == 1


@pytest.mark.parametrize("side", ["guardian", "child"])
async def test_whoever_erases_their_account_ends_it(city: City, phones: Phones, side: str) -> None:
    child, guardian = await proven(city, phones, "chen"), await proven(city, phones, "zhang")
    mandate = (await guardian.data(FOR_CHILD, mandate=for_child(CHILD_WITH_A_PHONE)))["id"]
    gone: Resident
    gone, other = (child, guardian) if side == "child" else (guardian, child)
    assert await gone.data("mutation { eraseAccount }") is True
    shown = await other.data("{ me { mandatesGiven { id active } mandatesReceived { id active childName } } }")
    (left,) = shown["mandatesGiven"] + shown["mandatesReceived"]
    assert (left["id"], left["active"], left.get("childName")) == (mandate, False, None)
