"""What residents see of themselves, masked or clear; what they take along; and what is left when they go."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlmodel import col, select

from auth.accounts.tables import Account, Identity
from auth.clients.tables import PairwiseSubject
from auth.mandates.tables import Mandate
from auth.sessions.tables import Session
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, aged, agree, prove_face, sign_in
from tests.gateway.residents.test_permits import granted
from tests.gateway.residents.test_ways_in import LINK, shown_code, with_phone

EVERYTHING = """{ me {
  assurance { level identity signIn methods provenAt } name idNumber phone
  identities { id provider app since lastUsed current }
  sessions { id app channel device level since lastSeen expiresAt current }
  consents { client purpose version act at } clients { client scopes } mandatesGiven { id } mandatesReceived { id }
} }"""
SECRETS = ("王秀英", "13900000001", "110101195003071227")


async def test_everything_is_shown_and_nothing_of_it_in_the_clear(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    await with_phone(phones, who, "wang")
    elsewhere = await sign_in(city, phones, "wang", "alipay")
    await prove_face(phones, elsewhere, "wang")
    shown = await who.data(EVERYTHING)
    assert (shown["name"], shown["idNumber"], shown["phone"]) == ("**英", "1****************7", "+86 139****0001")
    assert {each["channel"]: each["current"] for each in shown["sessions"]} == {"wechat": True, "alipay": False}
    assert {each["provider"] for each in shown["identities"]} == {"wechat", "phone", "alipay"}
    assert shown["consents"][0]["purpose"] == "face-comparison"
    text = msgspec.json.encode(shown).decode()
    async with city.gateway.database.session() as session:
        subjects = (await session.exec(select(Identity.subject))).all()
        accounts = (await session.exec(select(Account.id))).all()
    for secret in (*SECRETS, *subjects, *map(str, accounts)):
        assert secret not in text


async def test_residents_see_only_themselves(city: City, phones: Phones) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await prove_face(phones, one, "wang")
    await with_phone(phones, one, "wang")
    shown = await two.data(EVERYTHING)
    assert (shown["name"], shown["idNumber"], shown["phone"]) == (None, None, None)
    assert len(shown["sessions"]) == len(shown["identities"]) == 1
    assert shown["consents"] == []


@pytest.mark.parametrize("field", ["fullName", "fullIdNumber", "export"])
async def test_the_clear_takes_l3_and_a_proof_of_five_minutes(city: City, phones: Phones, field: str) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    query = f"{{ me {{ {field} }} }}"
    assert await who.code(query) == ""
    await aged(who, timedelta(minutes=5))
    assert await who.code(query) == "AUTHENTICATION_TOO_OLD"
    silent = await sign_in(city, phones, "wang")
    assert await silent.code(query) == "ASSURANCE_TOO_LOW"


async def test_a_resident_takes_along_everything_that_is_held(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await prove_face(phones, who, "wang")
    await with_phone(phones, who, "wang")
    agent = await sign_in(city, phones, "li")
    await granted(who, agent)
    taken = (await who.data("{ me { export } }"))["export"]
    assert (taken["account"]["name"], taken["account"]["id_number"]) == ("王秀英", "110101195003071227")
    phone = next(each for each in taken["identities"] if each["provider"] == "phone")
    assert phone["value"] == "+8613900000001"
    assert {each["channel"] for each in taken["sessions"]} == {"wechat"}
    assert [each["purpose"] for each in taken["consents"]] == ["face-comparison"]
    assert [each["side"] for each in taken["mandates"]] == ["principal"]
    async with city.gateway.database.session() as session:
        others = (await session.exec(select(Identity.subject, Identity.account_id))).all()
        (mine,) = (await session.exec(select(Account.id).where(Account.ial == 3))).all()
    text = msgspec.json.encode(taken).decode()
    for subject, account in others:
        assert (subject in text) == (account == mine)


async def test_an_agent_takes_nothing_along_of_the_session_that_gave_the_mandate(city: City, phones: Phones) -> None:
    who, agent = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    for each, resident in ((who, "wang"), (agent, "li")):
        await prove_face(phones, each, resident)
    await granted(who, agent)
    sid = who.given["session"]["id"]
    exports = [(await each.data("{ me { export } }"))["export"] for each in (who, agent)]
    assert [each["mandates"][0]["side"] for each in exports] == ["principal", "agent"]
    assert [sid in msgspec.json.encode(each).decode() for each in exports] == [True, False]


async def phone_of(who: Resident) -> str:
    """Return the id of a resident's phone among their ways in."""
    ways_in = (await who.data("{ me { identities { id provider } } }"))["identities"]
    return next(str(each["id"]) for each in ways_in if each["provider"] == "phone")


async def test_what_was_another_account_s_is_taken_along_and_erased_too(city: City, phones: Phones) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    agent = await sign_in(city, phones, "zhang")
    await agree(new, "contact")
    await prove_face(phones, old, "wang")
    await granted(old, agent)
    await with_phone(phones, new, "li")
    await new.data("mutation($identity: ID!) { unlink(identity: $identity) }", identity=await phone_of(new))
    await new.data(LINK, code=await shown_code(old))
    taken = (await old.data("{ me { export } }"))["export"]
    assert [each["purpose"] for each in taken["consents"]] == ["contact", "face-comparison"]
    assert len(taken["sessions"]) == 3  # both accounts', and the one that followed the link
    assert {each["provider"] for each in taken["identities"]} == {"wechat", "phone"}
    assert [each["side"] for each in taken["mandates"]] == ["principal"]
    assert len(taken["merges"]) == 1
    assert await old.data(ERASE) is True
    async with city.gateway.database.session() as session:
        alive = (await session.exec(select(Account.id).where(Account.status == "active"))).all()
        left = (await session.exec(select(Identity).where(col(Identity.account_id).not_in(alive)))).all()
    assert [each.subject for each in left] == ["", "", ""]


ERASE = "mutation { eraseAccount }"


async def test_an_erased_account_says_nothing_of_who_it_was(city: City, phones: Phones) -> None:
    who, other = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await prove_face(phones, who, "wang")
    await with_phone(phones, who, "wang")
    await agree(who, "contact")
    await granted(who, other)
    assert await who.data(ERASE) is True
    async with asyncio.timeout(1):
        while await who.code("{ me { name } }") != "TOKEN_REFUSED":
            await asyncio.sleep(0.02)
    async with city.gateway.database.session() as session:
        account = (await session.exec(select(Account).where(Account.status == "erased"))).one()
        identities = (await session.exec(select(Identity).where(Identity.account_id == account.id))).all()
        sessions = (await session.exec(select(Session).where(Session.account_id == account.id))).all()
        kept = (await session.exec(select(PairwiseSubject).where(PairwiseSubject.account_id == account.id))).all()
        mandates = (await session.exec(select(Mandate).where(col(Mandate.revoked_at).is_(None)))).all()
    assert (account.name, account.id_number, account.id_number_index, account.ial) == (None, None, None, 1)
    assert {(each.subject, each.value, each.revoked_at is None) for each in identities} == {("", None, False)}
    assert all(each.ended_at for each in sessions)
    assert {each.device for each in sessions} == {""}
    assert kept
    assert mandates == []
    again = await sign_in(city, phones, "wang")
    shown = await again.data(EVERYTHING)
    assert (shown["name"], shown["consents"], shown["assurance"]["identity"]) == (None, [], 1)
    assert (await other.data("{ me { name } }")) == {"name": None}


async def test_erasing_takes_a_fresh_proof_and_a_face_once_there_is_one(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await aged(who, timedelta(minutes=5))
    assert await who.code(ERASE) == "AUTHENTICATION_TOO_OLD"
    await prove_face(phones, who, "wang")
    silent = await sign_in(city, phones, "wang")
    assert await silent.code(ERASE) == "ASSURANCE_TOO_LOW"
    assert await who.data(ERASE) is True


async def test_a_resident_without_a_name_takes_along_what_there_is(city: City, phones: Phones) -> None:
    who: Resident = await sign_in(city, phones, "li", "baidu")
    taken: dict[str, Any] = (await who.data("{ me { export } }"))["export"]
    assert taken["account"]["name"] is None
    assert [each["provider"] for each in taken["identities"]] == ["baidu"]
