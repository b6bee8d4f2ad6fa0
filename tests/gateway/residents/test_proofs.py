"""Proving who one is, end to end, and what becomes of accounts by it."""

import asyncio

import pytest
from sqlmodel import select

from auth.accounts.tables import Account
from auth.assertions import HEADER
from kernel.clock import SystemClock
from services_catalog.departments import add_department
from services_catalog.manifest import Text
from tests.gateway.conftest import City, get
from tests.gateway.residents.hosts import (
    BEGIN,
    FINISH,
    Phones,
    Resident,
    agree,
    came_back,
    code,
    prove_face,
    sign_in,
)
from tests.gateway.residents.test_ways_in import LINK, accounts, shown_code
from tests.gateway.test_identity import TEXT, YES, Asked

PROVE = """mutation ($name: String!, $idNumber: String!) {
  provePerson(name: $name, idNumber: $idNumber) { accessToken refreshToken session { id level } }
}"""
ASSURANCE = "{ me { assurance { level identity signIn methods } } }"


async def test_name_and_id_number_of_the_register_raise_to_l2_once_agreed(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    assert await who.code(PROVE, **phones.person("wang")) == "CONSENT_NEEDED"
    await agree(who, "real-name")
    assert await who.code(PROVE, name="王小明", idNumber=phones.person("wang")["idNumber"]) == "IDENTITY_NO_MATCH"
    given = await who.data(PROVE, **phones.person("wang"))
    assert (given["session"]["level"], given["refreshToken"]) == ("L2", None)
    again = Resident(city, given, who.app)
    assert (await again.data(ASSURANCE))["assurance"] == {
        "level": "L2",
        "identity": 2,
        "signIn": 1,
        "methods": ["wx"],
    }
    assert await again.data("{ me { name idNumber } }") == {"name": "**英", "idNumber": "1****************7"}
    assert await again.code("{ me { fullName } }") == "ASSURANCE_TOO_LOW"


async def test_names_are_not_tried_out(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "li")
    await agree(who, "real-name")
    number = phones.person("wang")["idNumber"]
    codes = [await who.code(PROVE, name=f"王{each}", idNumber=number) for each in "一二三四五六"]
    assert codes == ["IDENTITY_NO_MATCH"] * 5 + ["TOO_MANY_ATTEMPTS"]


async def test_a_face_check_raises_the_session_to_l3(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    result = await prove_face(phones, who, "wang")
    assert result["data"]["finishFaceCheck"]["state"] == "PASSED"
    assert (await who.data(ASSURANCE))["assurance"] == {
        "level": "L3",
        "identity": 3,
        "signIn": 2,
        "methods": ["wx", "face", "mfa"],
    }
    assert await who.data("{ me { fullName fullIdNumber } }") == {
        "fullName": "王秀英",
        "fullIdNumber": "110101195003071227",
    }
    later = await sign_in(city, phones, "wang")
    assert (await later.data(ASSURANCE))["assurance"]["level"] == "L2"  # a silent sign-in shows no face
    assert await later.code("{ me { fullName } }") == "ASSURANCE_TOO_LOW"


async def test_a_face_check_that_is_failed_counts_for_nobody(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await agree(who, "face-comparison")
    check = (await who.data(BEGIN, **phones.person("wang")))["id"]
    back = came_back(phones.sandbox.identity.decide("wang", check, "failed"))
    assert await who.data(FINISH, **back) == {"state": "FAILED", "signedIn": None}
    assert [each.ial for each in await accounts(city)] == [1]


async def test_whoever_looks_into_the_camera_for_somebody_else_proves_nobody(city: City, phones: Phones) -> None:
    """An attacker begins a check of the victim, and sends the victim its address: "confirm your parcel"."""
    attacker, victim = await sign_in(city, phones, "li"), await sign_in(city, phones, "wang")
    await agree(attacker, "face-comparison")
    check = (await attacker.data(BEGIN, **phones.person("wang")))["id"]
    back = came_back(phones.sandbox.identity.decide("wang", check, "passed"))
    for guess in ("", back["code"][:-1], check):
        assert await attacker.code(FINISH, check=check, code=guess) == "IDENTITY_DATA_REFUSED"
    assert await victim.code(FINISH, **back) == "ARGUMENT_REFUSED"
    assert [(each.ial, each.status) for each in await accounts(city)] == [(1, "active")] * 2
    for who in (attacker, victim):
        assert (await who.data(ASSURANCE))["assurance"]["level"] == "L1"


async def test_a_face_check_counts_once_and_for_its_own_code(city: City, phones: Phones) -> None:
    who = await sign_in(city, phones, "wang")
    await agree(who, "face-comparison")
    checks = [(await who.data(BEGIN, **phones.person("wang")))["id"] for _ in range(2)]
    one, two = [came_back(phones.sandbox.identity.decide("wang", each, "passed")) for each in checks]
    assert await who.code(FINISH, check=one["check"], code=two["code"]) == "IDENTITY_DATA_REFUSED"
    answers = await asyncio.gather(*(who.ask(FINISH, **one) for _ in range(5)))
    assert sorted(code(each) for each in answers) == ["", *["ARGUMENT_REFUSED"] * 4]
    assert await who.code(FINISH, **one) == "ARGUMENT_REFUSED"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "pages/checked",
        "//evil.example",
        "/pages/web?url=https",
        "https://evil.example/",
        "/a#b",
        "/é",
        "/a\n",
        "/a" * 101,
    ],
)
async def test_a_face_check_ends_at_a_page_of_the_mini_program_alone(city: City, phones: Phones, path: str) -> None:
    who = await sign_in(city, phones, "wang")
    begin = "mutation ($path: String!) { beginFaceCheck(returnPath: $path) { id } }"
    assert await who.code(begin, path=path) == "ARGUMENT_REFUSED"


@pytest.mark.case("SSO-23")
async def test_one_person_by_wechat_and_alipay_has_one_account_and_every_department_its_old_name_for_them(
    city: City, phones: Phones
) -> None:
    """The parking department knew them by WeChat, the bus department by Alipay: both names stay."""
    async with city.gateway.database.session() as session:
        await add_department(session, SystemClock(), "bus", Text(zh="公交", en="Bus"))
    parking = await _service(city, "parking", "city")
    bus = await _service(city, "bus", "bus")
    by_wechat, by_alipay = await sign_in(city, phones, "wang"), await sign_in(city, phones, "wang", "alipay")
    at_parking, at_bus = await _name(parking, by_wechat, "parking"), await _name(bus, by_alipay, "bus")
    assert len(await accounts(city)) == 2

    await prove_face(phones, by_wechat, "wang")
    result = await prove_face(phones, by_alipay, "wang")
    assert result["data"]["finishFaceCheck"]["signedIn"]["session"]["level"] == "L3"
    assert [each.status for each in await accounts(city)] == ["active", "merged"]
    for who in (by_wechat, by_alipay):
        assert await _name(parking, who, "parking") == at_parking
        assert await _name(bus, who, "bus") == at_bus
    again = await sign_in(city, phones, "wang", "alipay")
    assert len((await again.data("{ me { identities { id } } }"))["identities"]) == 2


@pytest.mark.case("SSO-25")
async def test_whoever_made_the_account_beforehand_is_out_of_it_once_its_person_is_proven(
    city: City, phones: Phones
) -> None:
    """An attacker talks the victim into typing the attacker's link code, and so sits in the victim's account."""
    attacker, victim = await sign_in(city, phones, "li"), await sign_in(city, phones, "wang")
    victim = Resident(city, await victim.data(LINK, code=await shown_code(attacker)), victim.app)
    assert len(await _active(city)) == 1
    await prove_face(phones, victim, "wang")
    async with asyncio.timeout(1):
        while await attacker.code("{ me { name } }") != "TOKEN_REFUSED":
            await asyncio.sleep(0.02)
    again = await sign_in(city, phones, "li")
    assert await again.data("{ me { name idNumber } }") == {"name": None, "idNumber": None}
    assert await victim.data("{ me { name identities { provider } } }") == {
        "name": "**英",
        "identities": [{"provider": "wechat"}],
    }


async def _active(city: City) -> list[Account]:
    async with city.gateway.database.session() as session:
        return list((await session.exec(select(Account).where(Account.status == "active"))).all())


async def _service(city: City, name: str, department: str) -> Asked:
    asked = Asked(city, await city.department(lambda _: [YES]))
    await city.publish(
        name, {"/file": get(TEXT, operationId="file")}, asked.department, access="L1", department=department
    )
    return asked


async def _name(asked: Asked, who: Resident, service: str) -> str:
    assert "errors" not in await asked.ask("file", who.header, service)
    assert HEADER in asked.calls[-1]
    return str(asked.said()["sub"])
