"""One person's account and its ways in: phone numbers, linking, unlinking, and who may not."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from auth.accounts.tables import Account, Identity
from auth.accounts.unmerging import undo
from auth.sessions.tables import Session
from kernel.audit.tables import AuditEntry
from kernel.clock import SystemClock
from tests.gateway.conftest import City
from tests.gateway.residents.hosts import Phones, Resident, aged, agree, sign_in

LINK_CODE = "mutation { linkCode { code expiresIn } }"
LINK = "mutation ($code: String!) { link(code: $code) { accessToken refreshToken session { id level } } }"
UNLINK = "mutation ($id: ID!) { unlink(identity: $id) }"
ADD_PHONE = "mutation ($proof: JSON!) { addPhone(proof: $proof) }"
WAYS_IN = "{ me { identities { id provider app current } } }"


async def accounts(city: City) -> list[Account]:
    async with city.gateway.database.session() as session:
        return list((await session.exec(select(Account).order_by("created_at"))).all())


async def shown_code(who: Resident) -> str:
    return str((await who.data(LINK_CODE))["code"])


async def with_phone(phones: Phones, who: Resident, resident: str) -> str:
    return str(await who.data(ADD_PHONE, proof=phones.proof(resident)))


async def test_the_phone_button_adds_a_number_that_is_shown_masked(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    assert await with_phone(phones, who, "wang") == "+86 139****0001"
    assert await who.data("{ me { phone } }") == {"phone": "+86 139****0001"}
    kinds = [(each["provider"], each["current"]) for each in (await who.data(WAYS_IN))["identities"]]
    assert kinds == [("wechat", True), ("phone", False)]
    async with city.gateway.database.session() as session:
        (row,) = (await session.exec(select(Identity).where(Identity.provider == "phone"))).all()
    assert row.value is not None
    assert b"13900000001" not in row.value
    assert "13900000001" not in row.subject


async def test_the_number_opens_from_the_older_button_too(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    proof = {name: value for name, value in phones.proof("wang").items() if name != "code"}
    assert await who.data(ADD_PHONE, proof=proof) == "+86 139****0001"


async def test_a_number_is_no_second_account_s(city: City, phones: Phones) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await with_phone(phones, one, "wang")
    assert await two.code(ADD_PHONE, proof=phones.proof("wang")) != ""
    assert (await two.data("{ me { phone } }"))["phone"] is None


async def test_two_accounts_of_one_person_become_one(city: City, phones: Phones) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    linked = Resident(city, await new.data(LINK, code=await shown_code(old)), new.app)
    kept, gone = await accounts(city)
    assert (kept.status, gone.status, gone.merged_into) == ("active", "merged", kept.id)
    assert len((await linked.data(WAYS_IN))["identities"]) == 2
    assert linked.given["refreshToken"] is not None
    assert len((await old.data(WAYS_IN))["identities"]) == 2
    async with asyncio.timeout(1):
        while await new.code("{ me { phone } }") != "TOKEN_REFUSED":
            await asyncio.sleep(0.02)
    for each in ("wang", "li"):
        await sign_in(city, phones, each)
    assert len(await accounts(city)) == 2


async def test_whose_account_stays_keeps_their_tokens(city: City, phones: Phones) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    given = await old.data(LINK, code=await shown_code(new))
    assert given["refreshToken"] is None
    assert given["session"]["id"] == old.given["session"]["id"]
    assert len((await Resident(city, given, old.app).data(WAYS_IN))["identities"]) == 2


async def test_a_link_code_is_good_once_and_for_linking_only(city: City, phones: Phones) -> None:
    one, two, three = [await sign_in(city, phones, each) for each in ("wang", "li", "zhang")]
    code = await shown_code(one)
    assert await one.code(LINK, code=code) == "ONE_TIME_CODE_REFUSED"
    assert await two.code(LINK, code=code) == "ONE_TIME_CODE_REFUSED"  # its own side has used it up
    code = (await one.data("mutation { agentCode { code } }"))["code"]
    assert await two.code(LINK, code=code) == "ONE_TIME_CODE_REFUSED"
    results = [each.ask(LINK, code=await shown_code(one)) for each in (two, three)]
    assert all("errors" not in each for each in await asyncio.gather(*results))
    assert [each.status for each in await accounts(city)] == ["active", "merged", "merged"]


async def test_a_code_of_many_who_type_it_in_serves_one(city: City, phones: Phones) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    code = await shown_code(one)
    results = await asyncio.gather(*(two.ask(LINK, code=code) for _ in range(8)))
    assert sum("errors" not in each for each in results) == 1


async def test_codes_are_not_guessed(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    codes = [await who.code(LINK, code=f"GUESS-{each:05}") for each in range(11)]
    assert codes == ["ONE_TIME_CODE_REFUSED"] * 10 + ["TOO_MANY_ATTEMPTS"]


async def test_both_sides_have_to_have_signed_in_lately(city: City, phones: Phones) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await aged(one, timedelta(minutes=5))
    assert await two.code(LINK, code=await shown_code(one)) == "MERGE_REFUSED"
    assert await one.code(LINK, code=await shown_code(two)) == "MERGE_REFUSED"
    assert [each.status for each in await accounts(city)] == ["active", "active"]


async def ids(who: Resident) -> dict[str, Any]:
    return {each["provider"]: each["id"] for each in (await who.data(WAYS_IN))["identities"]}


async def test_the_last_way_in_and_another_s_stay(city: City, phones: Phones) -> None:
    one, two = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    assert await one.code(UNLINK, id=(await ids(one))["wechat"]) == "UNLINK_REFUSED"
    assert await one.code(UNLINK, id=(await ids(two))["wechat"]) == "IDENTITY_UNKNOWN"
    assert await one.code(UNLINK, id="x") == "ARGUMENT_REFUSED"


async def test_who_gives_up_a_way_in_ends_its_sessions(city: City, phones: Phones) -> None:
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    linked = Resident(city, await new.data(LINK, code=await shown_code(old)), new.app)
    leaving = next(each["id"] for each in (await linked.data(WAYS_IN))["identities"] if not each["current"])
    await aged(linked, timedelta(minutes=5))
    assert await linked.code(UNLINK, id=leaving) == "UNLINK_REFUSED"
    await aged(linked, timedelta(minutes=4))
    assert await linked.data(UNLINK, id=leaving) is True
    async with city.gateway.database.session() as session:
        row = await session.get_one(Session, old.given["session"]["id"])
    assert row.end_reason == "unlinked"
    await sign_in(city, phones, "wang")
    assert len(await accounts(city)) == 3


NOTICES = "{ me { securityNotices { at reason provider app } } }"


async def test_every_other_channel_shows_what_was_taken(city: City, phones: Phones) -> None:
    database, clock = city.gateway.database, SystemClock()
    old, new = await sign_in(city, phones, "wang"), await sign_in(city, phones, "li")
    await with_phone(phones, new, "li")
    linked = Resident(city, await new.data(LINK, code=await shown_code(old)), new.app)
    await linked.data(UNLINK, id=(await ids(linked))["phone"])
    (notice,) = (await old.data(NOTICES))["securityNotices"]
    assert (notice["reason"], notice["provider"], notice["app"]) == ("unlinked", "phone", "")
    async with database.session() as session:
        await undo(session, clock, (await accounts(city))[1].id)
    for who, told in (("wang", ["parted"]), ("li", ["parted", "unlinked"])):
        notices = (await (await sign_in(city, phones, who)).data(NOTICES))["securityNotices"]
        assert [each["reason"] for each in notices] == told
    assert (await (await sign_in(city, phones, "zhang")).data(NOTICES))["securityNotices"] == []


async def test_what_residents_do_to_their_accounts_is_in_the_audit_log(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await agree(who, "real-name")
    (identity,) = (await who.data("{ me { identities { id } } }"))["identities"]
    assert await who.code("mutation ($id: ID!) { unlink(identity: $id) }", id=identity["id"]) != ""
    async with city.gateway.database.session() as session:
        entries = (await session.exec(select(AuditEntry).order_by(col(AuditEntry.seq)))).all()
    recorded = [each for each in entries if each.actor.startswith("account:")]
    assert [(each.action, each.object, each.acr) for each in recorded] == [("consent.given", "client:yiwang", "L1")]
